/**
 * Worker threads that compute together with the main thread, which is thread 0. That the main thread takes part saves a thread to wake for every run,
 * makes the order of writes, runs and reads the order of the calls, and with one thread there is no worker at all. The event loop gets its turn
 * between runs (execute.ts).
 */
import { SHARE_ENV, Worker } from "node:worker_threads";
import { CompilerBug } from "../../base/invariant.ts";
import { CONTROL } from "../../codegen/wasm/layout.ts";
import type { CompiledModule, SharedMemory } from "./engine.ts";
import type { WorkerData } from "./worker-source.ts";
import { COMMAND, KIND, WORKER_SOURCE } from "./worker-source.ts";

/** Polls of a worker between commands, some 100 us: an iteration follows the one before sooner than a thread wakes. */
const POLLS = 30_000;
/** Workers answer within milliseconds, on a crowded machine within seconds. */
const PATIENCE = 60_000;

export class WorkerPool {
  readonly #control = new Int32Array(new SharedArrayBuffer(4 * COMMAND.words));
  readonly #workers: readonly Worker[];
  #failure: string | null = null;
  #expected: number;

  /** Starts threads - 1 workers; `ready` waits for them. */
  constructor(threads: number) {
    this.#control[COMMAND.polls] = POLLS;
    this.#expected = threads - 1;
    this.#workers = Array.from({ length: threads - 1 }, (_, index) => this.#start(index + 1));
  }

  get threads(): number {
    return this.#workers.length + 1;
  }

  #start(thread: number): Worker {
    const workerData: WorkerData = {
      control: this.#control,
      thread,
      aborted: CONTROL.aborted / 4,
      generation: CONTROL.generation / 4,
    };
    const worker = new Worker(WORKER_SOURCE, {
      eval: true,
      workerData,
      execArgv: [],
      env: SHARE_ENV,
      name: `mird ${thread}`,
    });
    worker.on("message", (text: string) => this.#fail(text));
    worker.on("error", (error) => this.#fail(error instanceof Error ? error.message : String(error)));
    // A worker must not keep the process alive.
    worker.unref();
    return worker;
  }

  #fail(text: string): void {
    this.#failure ??= text;
  }

  /** What a worker has reported, once its message has arrived. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Hands a module and a memory to all workers, under a number. */
  load(
    executable: number,
    module: CompiledModule,
    memory: SharedMemory,
    scratch: (thread: number) => number,
  ): void {
    if (this.#workers.length === 0) return;
    this.#settle();
    for (const [index, worker] of this.#workers.entries())
      worker.postMessage({ module, memory, scratch: scratch(index + 1) });
    this.#order(KIND.load, executable);
  }

  unload(executable: number): void {
    if (this.#workers.length > 0) this.#order(KIND.unload, executable);
  }

  /** Lets the first `threads` threads begin a run; the caller then does its own part. */
  begin(executable: number, threads: number, first: number, last: number): void {
    if (threads === 1) return;
    const control = this.#control;
    control[COMMAND.threads] = threads;
    control[COMMAND.first] = first;
    control[COMMAND.last] = last;
    this.#command(KIND.run, executable);
  }

  #command(kind: number, executable: number): void {
    this.#control[COMMAND.kind] = kind;
    this.#control[COMMAND.executable] = executable;
    Atomics.add(this.#control, COMMAND.number, 1);
    Atomics.notify(this.#control, COMMAND.number);
  }

  /** A command that all workers carry out before anything else happens. */
  #order(kind: number, executable: number): void {
    this.#settle();
    this.#expected += this.#workers.length;
    this.#command(kind, executable);
    this.#settle();
  }

  /** Waits until all workers have answered. */
  #settle(): void {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const answers = Atomics.load(this.#control, COMMAND.acknowledged);
      if (answers === this.#expected) return;
      if (performance.now() > deadline) throw new CompilerBug("a worker thread does not answer");
      Atomics.wait(this.#control, COMMAND.acknowledged, answers, 1000);
    }
  }

  /** Ends all workers. */
  stop(): void {
    this.#command(KIND.stop, 0);
    for (const worker of this.#workers) void worker.terminate();
  }
}
