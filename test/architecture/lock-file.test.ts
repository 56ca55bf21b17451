/**
 * The lock file serves every platform. npm leaves packages of other platforms out when a registry does not offer them, and then refuses
 * `npm ci` on every machine; so each optional dependency must have its entry.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface LockEntry {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

test("every optional dependency has an entry", () => {
  const lock: { readonly packages: Readonly<Record<string, LockEntry>> } = JSON.parse(
    readFileSync("package-lock.json", "utf8"),
  );
  const missing = Object.entries(lock.packages).flatMap(([place, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).filter(
      (name) =>
        !(`node_modules/${name}` in lock.packages) && !(`${place}/node_modules/${name}` in lock.packages),
    ),
  );
  expect(missing).toEqual([]);
});
