import { draftMode } from "next/headers";
import { redirect } from "next/navigation";

export async function GET(request) {
  const slug = new URL(request.url).searchParams.get("slug");
  (await draftMode()).enable();
  redirect(`/news/${slug}`);
}
