// What an editor writes. It lives in the server's process, whichever bundle asks.

import { unstable_cache } from "next/cache";

const TITLES = { bakery: "The bakery opens", rye: "Rye is back", sunday: "Sourdough on Sunday" };
const store = (globalThis.news ??= { published: { ...TITLES }, drafts: {}, invitations: new Set() });

export const { published, drafts, invitations } = store;

export const slugs = Object.keys(TITLES);

export const titleOf = (slug) =>
  unstable_cache(async () => published[slug] ?? null, ["title", slug], { tags: ["news", `news-${slug}`], revalidate: 3600 })();
