import { invitations } from "../../lib/news.mjs";

/** A link that works once. */
export async function GET(request) {
  const code = new URL(request.url).searchParams.get("code");
  return invitations.delete(code) ? new Response("Welcome") : new Response("Used already", { status: 410 });
}
