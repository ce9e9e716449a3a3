import { revalidateTag } from "next/cache";
import { drafts, published } from "../../../lib/news.mjs";

/** An editor writes. `how` is "draft", or the profile with which the page is revalidated. */
export async function POST(request) {
  const { slug, title, how } = await request.json();
  if (how === "draft") {
    drafts[slug] = title;
    return Response.json({});
  }
  published[slug] = title;
  // With "max", Next.js answers with its old page once more while it renders the new one.
  if (how === "max") revalidateTag(`news-${slug}`, "max");
  else revalidateTag(`news-${slug}`, { expire: 0 });
  const answer = await fetch(`${process.env.EDGE_URL}/edge-isr/purge`, {
    method: "POST",
    headers: { Authorization: `Bearer ${process.env.EDGE_TOKEN}` },
    body: JSON.stringify({ tags: [`news-${slug}`] }),
  });
  return Response.json({}, { status: answer.ok ? 200 : 502 });
}
