import Link from "next/link";
import { slugs, titleOf } from "../lib/news.mjs";

export const revalidate = 3600;

export default async function Home() {
  const titles = await Promise.all(slugs.map(titleOf));
  return (
    <ul>
      {titles.map((title, i) => (
        <li key={slugs[i]}>
          <Link href={`/news/${slugs[i]}`}>{title}</Link>
        </li>
      ))}
    </ul>
  );
}
