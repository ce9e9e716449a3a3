import { cookies } from "next/headers";
import { redirect } from "next/navigation";

async function signIn(form) {
  "use server";
  (await cookies()).set("user", form.get("name"), { httpOnly: true, secure: true });
  redirect("/account");
}

export default async function Account() {
  const name = (await cookies()).get("user")?.value;
  if (name) return <p>{`secret-of-${name}`}</p>;
  return (
    <form action={signIn}>
      <input name="name" defaultValue="" />
      <button type="submit">Sign in</button>
    </form>
  );
}
