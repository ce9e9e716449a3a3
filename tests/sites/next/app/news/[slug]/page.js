import { draftMode } from "next/headers";
import { notFound } from "next/navigation";
import { drafts, slugs, titleOf } from "../../../lib/news.mjs";

export const revalidate = 3600;

export const generateStaticParams = () => slugs.map((slug) => ({ slug }));

export default async function News({ params }) {
  const { slug } = await params;
  const { isEnabled } = await draftMode();
  const title = (isEnabled && drafts[slug]) || (await titleOf(slug));
  if (!title) notFound();
  return <h1>{title}</h1>;
}
