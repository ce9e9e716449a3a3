"""A small site in Flask: posts for all, an account for each visitor who has signed in."""

import json
import os
import urllib.request
from uuid import uuid4

from flask import (
    Flask,
    abort,
    flash,
    get_flashed_messages,
    redirect,
    render_template_string,
    request,
    session,
    url_for,
)
from werkzeug.middleware.proxy_fix import ProxyFix

EDGE = os.environ["EDGE_URL"]
TOKEN = os.environ["EDGE_TOKEN"]

app = Flask(__name__)
app.secret_key = "no secret: a site of the tests"
app.config.update(SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="Lax")

# The edge says in X-Forwarded-Host and -Proto which site the visitor asked for.
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)

posts = {1: "Kneading", 2: "Proving", 3: "Scoring", 4: "Baking"}
invitations = set()


def shared(body, *tags):
    """A page for all: an hour at the edge, and no time in browsers."""
    response = app.make_response(body)
    lifetimes = "s-maxage=3600, stale-while-revalidate=86400"
    response.headers["Cache-Control"] = f"public, max-age=0, {lifetimes}"
    response.headers["Cache-Tag"] = ", ".join(tags)
    response.add_etag()
    return response.make_conditional(request)


def purge(*tags):
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    body = json.dumps({"tags": tags}).encode()
    asked = urllib.request.Request(f"{EDGE}/edge-isr/purge", body, headers)
    urllib.request.urlopen(asked, timeout=10)


@app.get("/")
def index():
    canonical = url_for("index", _external=True)
    titles = ", ".join(posts.values())
    return shared(f'<link rel="canonical" href="{canonical}"><h1>Posts</h1>{titles}', "posts")


@app.get("/posts/<int:number>")
def post(number):
    if number not in posts:
        abort(404)
    return shared(f"<h1>{posts[number]}</h1>", "posts", f"post-{number}")


@app.get("/archive/posts/<int:number>")
def archived(number):
    return shared(f"<h1>An archived post, number {number}</h1>", "archive")


@app.get("/about")
def about():
    # A layout that greets. Flask says Vary: Cookie, as the session was read.
    return shared(f"<h1>About</h1>{greeting()}", "about")


@app.get("/account")
@app.get("/account/<page>")
def account(page=""):
    # It may be revalidated, and nothing but Flask's own Vary: Cookie says whose it is.
    response = app.make_response(f"<h1>Account</h1>{greeting()}")
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    return response.make_conditional(request)


@app.get("/basket")
def basket():
    # As Flask answers by itself: Vary: Cookie and nothing else.
    return render_template_string("<h1>Basket</h1>{{ greeting }}", greeting=greeting())


@app.get("/visits")
def visits():
    # A session for every visitor, and a page that says that it is for all.
    session.setdefault("id", uuid4().hex)
    return shared(f"<h1>Visitor {session['id']}</h1>", "visits")


def greeting():
    name = session.get("name")
    return f"<p>secret-of-{name}</p>" if name else "<p>Not signed in</p>"


@app.post("/login")
def login():
    session["name"] = request.form["name"]
    flash(f"Welcome back, {session['name']}")
    return redirect(url_for("account"))


@app.get("/messages")
def messages():
    # Each is shown once.
    return "<h1>Messages</h1>" + ", ".join(get_flashed_messages())


@app.post("/posts/<int:number>")
def change(number):
    if session.get("name") != "Editor":
        abort(403)
    posts[number] = request.form["title"]
    purge("posts", f"post-{number}")
    return redirect(url_for("post", number=number))


@app.post("/invitations/<code>")
def invite(code):
    invitations.add(code)
    return redirect(url_for("index"))


@app.get("/sign-in/<code>")
def sign_in(code):
    """A link that works once."""
    if code not in invitations:
        return "<h1>Used already</h1>", 410
    invitations.remove(code)
    session["name"] = "Carol"
    return redirect(url_for("account"))


@app.get("/download")
def download():
    """A link that works once and gives a page. The code stands in the query."""
    code = request.args.get("code")
    if code not in invitations:
        return "<h1>Used already</h1>", 410
    invitations.remove(code)
    return "<h1>Your book</h1>"
