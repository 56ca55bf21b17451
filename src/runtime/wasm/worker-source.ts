/**
 * What a worker thread runs, as text: it needs nothing but the compiled module and the memory, so no file and no loader of TypeScript has part in
 * it. Between commands a worker polls for a while and then sleeps; it never returns to its event loop.
 */

/** Words of the memory by which the main thread commands its workers. */
export const COMMAND = {
  /** Grows by 1 with every command. */
  number: 0,
  kind: 1,
  executable: 2,
  threads: 3,
  first: 4,
  last: 5,
  /** Polls before a worker sleeps. */
  polls: 6,
  /** Grows by 1 when a worker has started, and when it has done a command that is no run. */
  acknowledged: 7,
  words: 16,
} as const;

export const KIND = { stop: 0, load: 1, run: 2, unload: 3 } as const;

/** What a worker is started with. */
export interface WorkerData {
  readonly control: Int32Array;
  readonly thread: number;
  /** Words of CONTROL in the memory of an executable. */
  readonly aborted: number;
  readonly generation: number;
}

export const WORKER_SOURCE = `
const { workerData, parentPort, receiveMessageOnPort } = require("node:worker_threads");
const { control, thread, aborted, generation } = workerData;
const executables = new Map();
function run({ functions, words }) {
  const threads = control[${COMMAND.threads}];
  if (thread >= threads) return;
  try {
    functions.run(thread, threads, control[${COMMAND.first}], control[${COMMAND.last}]);
  } catch (error) {
    if (Atomics.compareExchange(words, aborted, 0, thread + 1) === 0) parentPort.postMessage(String(error));
    Atomics.notify(words, generation);
  }
}
function load() {
  const { module, memory, scratch } = receiveMessageOnPort(parentPort).message;
  const instance = new WebAssembly.Instance(module, { mird: { memory, scratch: scratch | 0 } });
  return { functions: instance.exports, words: new Int32Array(memory.buffer) };
}
function acknowledge() {
  Atomics.add(control, ${COMMAND.acknowledged}, 1);
  Atomics.notify(control, ${COMMAND.acknowledged});
}
acknowledge();
for (let done = 0; ; ) {
  for (let polls = control[${COMMAND.polls}]; polls > 0 && Atomics.load(control, ${COMMAND.number}) === done; polls--);
  Atomics.wait(control, ${COMMAND.number}, done);
  const number = Atomics.load(control, ${COMMAND.number});
  if (number === done) continue;
  done = number;
  const kind = control[${COMMAND.kind}];
  const executable = control[${COMMAND.executable}];
  if (kind === ${KIND.run}) run(executables.get(executable));
  else {
    if (kind === ${KIND.load}) executables.set(executable, load());
    if (kind === ${KIND.unload}) executables.delete(executable);
    acknowledge();
    if (kind === ${KIND.stop}) break;
  }
}
`;
