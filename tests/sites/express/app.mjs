// A small site in Express: news for all, an account for each visitor who has signed in.

import { fileURLToPath } from "node:url";
import express from "express";
import session from "express-session";

const EDGE = process.env.EDGE_URL;
const TOKEN = process.env.EDGE_TOKEN;

const app = express();

// The edge says in X-Forwarded-Host and -Proto which site the visitor asked for.
app.set("trust proxy", 1);

const news = new Map([
  ["1", "The bakery opens"],
  ["2", "Rye is back"],
  ["3", "Sourdough on Sunday"],
]);
const invitations = new Set();

/** A page for all: an hour at the edge, and no time in browsers. */
function shared(...names) {
  return (request, response, next) => {
    const tags = names.map((name) => name.replace(":id", request.params.id));
    response.set("Cache-Control", "public, max-age=0, s-maxage=3600, stale-while-revalidate=86400");
    response.set("Cache-Tag", tags.join(", "));
    next();
  };
}

async function purge(...tags) {
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const answer = await fetch(`${EDGE}/edge-isr/purge`, { method: "POST", headers, body: JSON.stringify({ tags }) });
  if (!answer.ok) throw new Error(`the purge was answered ${answer.status}`);
}

// The middleware stands behind the shared pages, so that these touch no session.
app.get("/", shared("news"), (request, response) => {
  const canonical = `${request.protocol}://${request.host}/`;
  const list = [...news].map(([id, title]) => `<li><a href="/news/${id}">${title}</a>`).join("");
  response.send(`<link rel="canonical" href="${canonical}"><h1>News</h1><ul>${list}</ul>`);
});

app.get("/news/:id", shared("news", "news-:id"), (request, response) => {
  const title = news.get(request.params.id);
  if (!title) return response.sendStatus(404);
  // A common mistake: the page depends on a cookie, and does not say so.
  const theme = /theme=(\w+)/.exec(request.get("Cookie") ?? "")?.[1] ?? "light";
  response.send(`<body class="${theme}"><h1>${title}</h1>`);
});

app.get("/hello", shared("hello"), (request, response) => {
  response.vary("Accept-Language");
  response.send(request.acceptsLanguages("de", "en") === "de" ? "Guten Tag" : "Good day");
});

app.use("/static", express.static(fileURLToPath(new URL("static", import.meta.url))));

app.use(
  session({
    secret: "no secret: a site of the tests",
    resave: false,
    saveUninitialized: false,
    cookie: { secure: true, sameSite: "lax" },
  }),
);
app.use(express.urlencoded());

app.post("/login", (request, response) => {
  request.session.name = request.body.name;
  response.redirect("/account");
});

app.post("/news/:id", async (request, response) => {
  if (request.session.name !== "Editor") return response.sendStatus(403);
  news.set(request.params.id, request.body.title);
  await purge("news", `news-${request.params.id}`);
  response.redirect(`/news/${request.params.id}`);
});

// The same page with three ways to say nothing of whose it is. Express adds an ETag to each.
const CACHE_CONTROL = { "no-cache": "no-cache", "max-age": "max-age=0", nothing: undefined };

app.get("/account{/:caching{/:page}}", (request, response) => {
  const control = CACHE_CONTROL[request.params.caching];
  if (control) response.set("Cache-Control", control);
  const { name } = request.session;
  response.send(name ? `<h1>The account of ${name}</h1><p>secret-of-${name}</p>` : "<h1>Not signed in</h1>");
});

app.post("/invitations/:code", (request, response) => {
  invitations.add(request.params.code);
  response.redirect("/");
});

// A link that works once: it gives a page, or a session and a redirect.
app.get("/invitation", (request, response) => {
  if (!invitations.delete(request.query.code)) return response.status(410).send("<h1>Used already</h1>");
  response.send("<h1>Welcome</h1>");
});

app.get("/sign-in/:code", (request, response) => {
  if (!invitations.delete(request.params.code)) return response.status(410).send("<h1>Used already</h1>");
  request.session.name = "Carol";
  response.redirect("/account");
});

app.listen(process.env.PORT, "127.0.0.1");
