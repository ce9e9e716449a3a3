// What is asked for and what is answered: one page as a CMS sends it, asked for as a browser behind
// Cloudflare asks for it.

const PARAGRAPH =
  "An editor saves a post; the page that shows it is outdated at that moment, and every page that " +
  "lists it too. The next visitor sees the old one at once while the new one is made.";

/** About 10 kB of HTML under 12 fields, as `tests/e2e/answer.mjs` takes it. */
export const PAGE = {
  headers: {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "s-maxage=600, stale-while-revalidate=600",
    "Cache-Tag": "post:4711, author:17, category:news, collection:posts, site",
    "Last-Modified": "Fri, 13 Nov 2026 08:15:00 GMT",
    "Content-Language": "en",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
  },
  etag: '"8c1f6f1d2b7e4a90a5d3c6e1f0b94872"', // with Date and Content-Length, 12 in all
  body: html(),
};

export const URL_ASKED = "https://www.example.com/news/2026/11/a-post-about-caching";

/** The request as it stands on the wire; the URL whole, so that the Worker sees that host. */
export const REQUEST = [
  `GET ${URL_ASKED} HTTP/1.1`,
  "Host: www.example.com",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Accept-Encoding: gzip, br",
  "Accept-Language: en-GB,en;q=0.8,de;q=0.5",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
  "CF-Connecting-IP: 203.0.113.7",
  "CF-IPCountry: GB",
  "CF-Ray: 9a1b2c3d4e5f6071-LHR",
  'CF-Visitor: {"scheme":"https"}',
  "X-Forwarded-Proto: https",
  "Sec-Fetch-Mode: navigate",
  "\r\n",
].join("\r\n");

function html() {
  const paragraphs = Array.from({ length: 52 }, (_, i) => `<p id="p${i}">${PARAGRAPH}</p>`);
  return `<!doctype html>\n<html lang="en">\n<title>A post</title>\n${paragraphs.join("\n")}\n</html>\n`;
}
