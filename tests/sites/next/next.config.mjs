export default {
  // A page's own tags, for the edge. Next.js does not tell which it used.
  async headers() {
    return [
      { source: "/news/:slug", headers: [{ key: "Cache-Tag", value: "news, news-:slug" }] },
      { source: "/", headers: [{ key: "Cache-Tag", value: "news" }] },
    ];
  },
  experimental: { serverActions: { allowedOrigins: ["www.example.com"] } },
};
