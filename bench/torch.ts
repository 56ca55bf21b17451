/** The same work in PyTorch, in processes of its own: the MIRD baseline's script, and the training step of one LSTM. */
import { execFileSync } from "node:child_process";
import type { Profile } from "./programs.ts";

/** Thread counts that are tried; the better one counts. */
export const TORCH_THREADS = [1, 2] as const;

/** Forward and backward of `nn.LSTM` with gradients of input, weights and bias; prints the median in milliseconds. */
const LSTM = `
import json, sys, time
import torch
batch, steps, width, hidden, threads, seconds = [float(a) for a in sys.argv[1:]]
torch.set_num_threads(int(threads))
torch.manual_seed(1)
net = torch.nn.LSTM(int(width), int(hidden), batch_first=True)
x = torch.randn(int(batch), int(steps), int(width), requires_grad=True)
cotangent = torch.randn(int(batch), int(steps), int(hidden))
times = []
end = None
while len(times) < 5 or time.perf_counter() < end:
    start = time.perf_counter()
    for p in [x, *net.parameters()]:
        p.grad = None
    (net(x)[0] * cotangent).sum().backward()
    if end is None:
        end = time.perf_counter() + seconds
    else:
        times.append(1000 * (time.perf_counter() - start))
print(json.dumps({"median_ms": sorted(times)[len(times) // 2]}))
`;

/** Runs Python. All thread pools of its libraries get the same size: those that wait for each other by spinning would slow it down several times. */
function medianOf(python: string, args: readonly string[], threads: number): number {
  const pools = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"];
  const sizes = Object.fromEntries(pools.map((pool) => [pool, String(threads)]));
  const env = { OMP_WAIT_POLICY: "passive", ...process.env, ...sizes };
  const out = execFileSync(python, args, { encoding: "utf8", env });
  const line: unknown = JSON.parse(out.trim().split("\n").at(-1) ?? "{}");
  const median: unknown = Object(line).median_ms;
  return typeof median === "number" ? median : Number.NaN;
}

export interface LstmSizes {
  readonly batch: number;
  readonly time: number;
  readonly width: number;
  readonly hidden: number;
}

/** Milliseconds of one training step with so many threads. */
export function torchLstm(python: string, sizes: LstmSizes, threads: number, seconds: number): number {
  const { batch, time, width, hidden } = sizes;
  return medianOf(
    python,
    ["-c", LSTM, ...[batch, time, width, hidden, threads, seconds].map(String)],
    threads,
  );
}

/** Milliseconds of one iteration of the MIRD baseline. */
export function torchMird(
  python: string,
  script: string,
  profile: Profile,
  mode: string,
  threads: number,
): number {
  const iterations = mode === "published" ? "3" : "10";
  const settings = [
    "--profile",
    profile,
    "--mode",
    mode,
    "--threads",
    String(threads),
    "--iters",
    iterations,
  ];
  return medianOf(python, [script, ...settings, "--json", "--no-ops"], threads);
}
