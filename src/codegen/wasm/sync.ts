/** The functions that run a program on all threads: a barrier, and the loop over the records of its dispatches. */
import type { FunctionCode } from "./binary.ts";
import { FunctionBuilder } from "./function.ts";
import { atomic, i32 } from "./instructions.ts";
import { CONTROL, LINE_BYTES, RECORD } from "./layout.ts";

/** Sleeping threads look up this often whether another one has failed, in nanoseconds. */
const LOOK_UP = 50_000_000;

const NOWHERE = i32.constant(0);

/**
 * barrier(threads): returns when all threads have called it. Waiting threads poll for a while, since sleeping and waking costs some 100 us, then sleep.
 * The polls must last longer than waking does, or two threads put each other to sleep in turns.
 */
export function barrierFunction(): FunctionCode {
  const f = new FunctionBuilder({ parameters: ["i32"], results: [] });
  const threads = f.parameter("i32", 0);
  const generation = f.keep(atomic.load(NOWHERE, CONTROL.generation));
  const passed = i32.ne(atomic.load(NOWHERE, CONTROL.generation), generation);
  const before = atomic.add(NOWHERE, i32.constant(1), CONTROL.arrived);
  f.when(
    i32.eq(before, i32.sub(threads, i32.constant(1))),
    () => {
      f.push(atomic.store(NOWHERE, i32.constant(0), CONTROL.arrived));
      f.push(atomic.store(NOWHERE, i32.add(generation, i32.constant(1)), CONTROL.generation));
      f.when(atomic.load(NOWHERE, CONTROL.sleepers), () =>
        f.drop(atomic.notify(NOWHERE, i32.constant(-1), CONTROL.generation)),
      );
    },
    () =>
      f.block((done) => {
        const polls = f.variable("i32", i32.load(NOWHERE, CONTROL.polls));
        f.loop((start) => {
          f.jump(done, passed);
          polls.set(i32.sub(polls.get, i32.constant(1)));
          f.jump(start, i32.gt(polls.get, i32.constant(0)));
        });
        f.drop(atomic.add(NOWHERE, i32.constant(1), CONTROL.sleepers));
        f.loop((start) => {
          f.drop(atomic.wait(NOWHERE, generation, LOOK_UP, CONTROL.generation));
          f.when(atomic.load(NOWHERE, CONTROL.aborted), () => f.trap());
          f.jump(start, i32.eqz(passed));
        });
        f.drop(atomic.add(NOWHERE, i32.constant(-1), CONTROL.sleepers));
      }),
  );
  return f.finish();
}

/**
 * run(thread, threads, first, last): the dispatches whose records lie from `first` up to `last`, with a barrier at the end. `barrier` is the number of that
 * function.
 */
export function runFunction(barrier: number): FunctionCode {
  const f = new FunctionBuilder({ parameters: ["i32", "i32", "i32", "i32"], results: [] });
  const [thread, threads] = [f.parameter("i32", 0), f.parameter("i32", 1)];
  const [first, last] = [f.parameter("i32", 2), f.parameter("i32", 3)];
  const several = f.keep(i32.gt(threads, i32.constant(1)));
  const meet = () => f.when(several, () => f.push(f.call(barrier, [threads])));
  const own = f.keep(i32.mul(thread, i32.constant(LINE_BYTES)));
  const record = f.variable("i32", first);
  f.block((done) => {
    f.loop((start) => {
      f.jump(done, i32.eq(record.get, last));
      f.push(i32.store(own, record.get, CONTROL.current));
      f.when(i32.load(record.get, RECORD.barrier), meet);
      const kernel = i32.load(record.get, RECORD.kernel);
      f.when(
        i32.load(record.get, RECORD.solo),
        () =>
          f.when(i32.eqz(thread), () =>
            f.push(f.callIndirect(kernel, [thread, i32.constant(1), record.get])),
          ),
        () => f.push(f.callIndirect(kernel, [thread, threads, record.get])),
      );
      record.set(i32.add(record.get, i32.load(record.get, RECORD.bytes)));
      f.jump(start);
    });
  });
  meet();
  return f.finish();
}
