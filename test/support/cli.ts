/** Runs the command line in this process, with streams that are kept as text. */
import { run } from "../../src/cli/program.ts";

interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One command line; neither stream is a terminal. */
export async function runCli(...args: string[]): Promise<CliResult> {
  const texts = { out: "", err: "" };
  const stream = (name: "out" | "err") => ({
    write: (text: string) => {
      texts[name] += text;
    },
    terminal: false,
    color: false,
    columns: 100,
  });
  const command = ["mird", ...args].join(" ");
  const code = await run(args, { out: stream("out"), err: stream("err"), env: {}, command });
  return { code, ...texts };
}
