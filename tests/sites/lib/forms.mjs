/** Forms as a browser sends them. */

import { formFields } from "../../e2e/django.mjs";

/** Opens the form at `path`, fills in some of its fields, and sends it there or to `action`. */
export async function fillIn(visitor, path, fields, { action = path, ...init } = {}) {
  const form = formFields((await visitor.ask(path)).text());
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return visitor.send(action, form, init);
}
