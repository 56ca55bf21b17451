/** The help of every command: what it is for, and each option with a default that says something. */
import { expect, test } from "vitest";
import { runCli } from "../support/cli.ts";

test("every command explains itself, and no option has an empty list for a default", async () => {
  const { code, out } = await runCli("help");
  expect(code).toBe(0);
  const commands = [...out.matchAll(/^ {2}([a-z]+) .*$/gm)].flatMap(([line, name]) =>
    name === undefined || name === "mird" || line.includes("print the help") ? [] : [name],
  );
  expect(commands).toEqual(expect.arrayContaining(["train", "compare", "disentangle", "data", "doctor"]));
  for (const command of commands) {
    const help = await runCli("help", command);
    expect(help.code, command).toBe(0);
    expect(help.out, command).toMatch(/^Usage: mird /);
    expect(help.out, command).not.toContain("[]");
  }
});
