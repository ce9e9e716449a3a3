import { invitations } from "../../../lib/news.mjs";

export async function POST(request) {
  invitations.add((await request.json()).code);
  return Response.json({});
}
