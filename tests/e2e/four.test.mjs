/**
 * Sites of the four packages that the package for Django replaces, with their imports changed, behind the edge: what is
 * cached, for how long, and what each change does to it.
 */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { startFour } from "./four.mjs";
import { cacheStatus, eventually, hitOf } from "./harness.mjs";

const MADE = `
bread, cake = (Category.objects.create(name=name) for name in ("bread", "cake"))
rye = Topic.objects.create(name="rye")
first = Post.objects.create(title="First", category=bread)
second = Post.objects.create(title="Second", category=cake)
first.topics.add(rye)
`;

/** Waits until a page says `text`, and is a hit again. */
async function says(at, path, text) {
  await eventually(async () => assert.match((await at.fetch(path)).text(), text));
  await eventually(async () => assert.ok(cacheStatus(await at.fetch(path)).ttl > 0));
}

/** A page of the edge stays the same rendering. */
async function stays(at, path) {
  const seen = await hitOf(at, path);
  assert.equal((await at.fetch(path)).text(), seen.text(), path);
}

const neverHit = async (at, path, init) => {
  for (let i = 0; i < 2; i += 1) assert.equal(cacheStatus(await at.fetch(path, init)).hit, false, path);
};

describe("a site of django-edge-isr", () => {
  let at, change, site;

  before(async () => {
    ({ at, change, site } = await startFour("isr", { coordinator: true, pages: true }));
    await change(MADE);
  });

  test("keeps declared pages, and others by its defaults", async () => {
    for (const path of ["/posts/", "/posts/1/", "/categories/1/"]) {
      const ttl = cacheStatus(await hitOf(at, path)).ttl;
      assert.ok(ttl > 290 && ttl <= 300, `${path} ${ttl}`);
    }
  });

  test("never keeps what reads the session", () => neverHit(at, "/account/"));

  test("has a page revalidated by a save", async () => {
    await hitOf(at, "/posts/1/");
    await change('post = Post.objects.get(pk=1); post.title = "Changed"; post.save()');
    await says(at, "/posts/1/", /Changed/);
  });

  test("has a page revalidated by the tag that its view adds", async () => {
    await stays(at, "/posts/2/");
    await change('Post.objects.create(title="Third", category_id=2)');
    const old = (await at.fetch("/posts/2/")).text();
    await eventually(async () => assert.notEqual((await at.fetch("/posts/2/")).text(), old));
  });

  test("loses no page to a change that is rolled back", async () => {
    await stays(at, "/posts/1/");
    const fails = `
from django.db import transaction
try:
    with transaction.atomic():
        Post(pk=1, title="Never", category_id=1).save()
        raise ZeroDivisionError
except ZeroDivisionError:
    pass
`;
    await change(fails);
    await stays(at, "/posts/1/");
  });

  test("has many rows changed at once, and their pages revalidated", async () => {
    await hitOf(at, "/posts/1/");
    await change('from edge_isr import revalidate_by_tags\nPost.objects.update(title="All"); revalidate_by_tags(["post:1"])');
    await says(at, "/posts/1/", /All/);
  });

  test("is revalidated and warmed by commands that show the progress", async () => {
    const before = (await hitOf(at, "/posts/1/")).text();
    const said = await site.run("revalidate_tags", "--warm", "post:1");
    assert.match(said, /The edge has taken 1 tags and URLs/);
    assert.match(said, /(\d) of \1 pages/);
    await eventually(async () => assert.notEqual((await at.fetch("/posts/1/")).text(), before));
    const cold = await site.run("warm_url", "/topics/1/");
    assert.match(cold, /1 of 1 pages, 1 stored/);
    assert.match((await at.fetch("/topics/1/")).headers.get("cache-status"), /durable/);
    await assert.rejects(site.run("warm_url", "/account/"), /may be shared|uncacheable[^]*1 pages are not warm/);
    assert.match(await site.run("edge_isr_status", "/posts/1/"), /post:1/);
  });
});

describe("a site of django-custom-cache-page", () => {
  let at, change;

  before(async () => {
    ({ at, change } = await startFour("custom"));
    await change(MADE);
  });

  test("keeps a page for each URL, for anonymous visitors", async () => {
    const ttl = cacheStatus(await hitOf(at, "/posts/")).ttl;
    assert.ok(ttl > 3590 && ttl <= 3600, String(ttl));
    await hitOf(at, "/posts/?page=2");
  });

  test("keeps nothing at the edge whose key reads the session", () => neverHit(at, "/account/"));

  test("purges a page by a plain tag and by a versioned one", async () => {
    for (const path of ["/posts/", "/categories/1/"]) await hitOf(at, path);
    await change('Post.objects.filter(pk=1).update(title="Changed"); invalidate_tag("posts")');
    for (const path of ["/posts/", "/categories/1/"]) await says(at, path, /Changed/);
  });

  test("purges a page by a tag of its query, and no other", async () => {
    await stays(at, "/posts/");
    const second = (await hitOf(at, "/posts/?page=2")).text();
    await change('invalidate_tag("page-2")');
    await eventually(async () => assert.notEqual((await at.fetch("/posts/?page=2")).text(), second));
    await stays(at, "/posts/");
  });
});

describe("a site of django-dumper", () => {
  let at, change;

  before(async () => {
    ({ at, change } = await startFour("dumper"));
    await change(MADE);
  });

  test("keeps every page for ever, but the admin and what is personal", async () => {
    for (const path of ["/posts/", "/posts/1/", "/categories/1/", "/topics/1/"]) {
      assert.ok(cacheStatus(await hitOf(at, path)).ttl > 31_000_000, path);
    }
    await neverHit(at, "/admin/anything/");
    await neverHit(at, "/account/");
    await neverHit(at, "/posts/99/");
  });

  test("shows no old page after a save", async () => {
    await hitOf(at, "/posts/");
    await change('post = Post.objects.get(pk=1); post.title = "Changed"; post.save()');
    await says(at, "/posts/", /Changed/);
    await says(at, "/posts/1/", /Changed/);
    await stays(at, "/posts/2/");
  });

  test("purges both categories of a post that moves", async () => {
    for (const path of ["/categories/1/", "/categories/2/"]) await hitOf(at, path);
    await change("post = Post.objects.get(pk=1); post.category_id = 2; post.save()");
    await eventually(async () => assert.doesNotMatch((await at.fetch("/categories/1/")).text(), /Changed/));
    await says(at, "/categories/2/", /Changed/);
  });

  test("purges by a many-to-many relation from either side", async () => {
    await hitOf(at, "/topics/1/");
    await change("Topic.objects.get(pk=1).posts.add(Post.objects.get(pk=2))");
    await says(at, "/topics/1/", /Changed, Second/);
    await change("Post.objects.get(pk=2).topics.clear()");
    await eventually(async () => assert.doesNotMatch((await at.fetch("/topics/1/")).text(), /Second/));
  });

  test("purges by a delete, and all queries of a path together", async () => {
    await hitOf(at, "/posts/");
    await hitOf(at, "/posts/?page=2");
    await change("Post.objects.get(pk=2).delete()");
    for (const path of ["/posts/", "/posts/?page=2"]) {
      await eventually(async () => assert.doesNotMatch((await at.fetch(path)).text(), /Second/));
    }
  });
});

describe("a site of roan", () => {
  let at, change;

  before(async () => {
    ({ at, change } = await startFour("roan"));
    await change(MADE);
  });

  test("keeps what its views say, and purges a URL by a save and by a delete", async () => {
    assert.ok(cacheStatus(await hitOf(at, "/posts/")).ttl > 3500);
    await change('post = Post.objects.get(pk=1); post.title = "Changed"; post.save()');
    await says(at, "/posts/", /Changed, Second/);
    await change("Post.objects.get(pk=2).delete()");
    await eventually(async () => assert.doesNotMatch((await at.fetch("/posts/")).text(), /Second/));
  });
});
