/** What the commands see of the world outside, so that tests can run them in the same process. */

export interface Stream {
  readonly write: (text: string) => void;
  /** Whether a person is looking. */
  readonly terminal: boolean;
  readonly color: boolean;
  readonly columns: number;
}

export interface Io {
  /** Results. */
  readonly out: Stream;
  /** Problems and progress. */
  readonly err: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The arguments as typed, for records. */
  readonly command: string;
}

/** The process's own streams. NO_COLOR switches colours off, FORCE_COLOR switches them on without a terminal. */
export function processIo(args: readonly string[]): Io {
  const { env } = process;
  return {
    out: streamOf(process.stdout, env),
    err: streamOf(process.stderr, env),
    env,
    command: ["mird", ...args].map(quoted).join(" "),
  };
}

function streamOf(target: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Stream {
  const terminal = target.isTTY === true;
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "0";
  const plain = (env.NO_COLOR ?? "") !== "" || env.TERM === "dumb";
  return {
    write: (text) => void target.write(text),
    terminal,
    color: !plain && (terminal || forced),
    columns: target.columns ?? 80,
  };
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
