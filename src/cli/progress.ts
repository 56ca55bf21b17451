/** How a training shows itself: one line that changes on a terminal, plain lines elsewhere. */

import { formatNumber } from "../report/tables.ts";
import type { EpochEvent, IterationEvent } from "../train/loop.ts";
import type { Stream } from "./io.ts";

/** Seconds between plain lines inside an epoch. */
const PLAIN_SECONDS = 10;
/** Milliseconds between two states of the changing line. */
const REFRESH = 100;
/** Share of the newest measurement in the mean rate. */
const SMOOTHING = 0.1;

interface Plan {
  readonly epochs: number;
  readonly iterationsPerEpoch: number;
  readonly from: { readonly iteration: number };
}

export class Progress {
  private readonly stream: Stream;
  /** Metrics that epoch lines show. */
  private readonly shown: readonly string[];
  private readonly now: () => number;
  private plan: Plan = { epochs: 0, iterationsPerEpoch: 0, from: { iteration: 0 } };
  /** Iterations per second. */
  private rate: number | null = null;
  private lastTime = 0;
  private lastLine = 0;

  constructor(stream: Stream, shown: readonly string[], now: () => number = () => performance.now()) {
    this.stream = stream;
    this.shown = shown;
    this.now = now;
  }

  /** Kernels are being prepared. */
  readonly compiling = (done: number, all: number): void => {
    if (!this.stream.terminal) return;
    if (done === all) this.clear();
    else this.show(`preparing kernels, ${done} of ${all}`);
  };

  readonly start = (plan: Plan): void => {
    this.plan = plan;
    this.lastTime = this.now();
    this.lastLine = this.lastTime;
  };

  readonly iteration = (event: IterationEvent): void => {
    const time = this.now();
    const rate = 1000 / Math.max(time - this.lastTime, 1e-3);
    // Results come in bursts, so rates are averaged as times, not as rates.
    this.rate = this.rate === null ? rate : 1 / ((1 - SMOOTHING) / this.rate + SMOOTHING / rate);
    this.lastTime = time;
    const interval = this.stream.terminal ? REFRESH : PLAIN_SECONDS * 1000;
    if (time - this.lastLine < interval) return;
    this.lastLine = time;
    this.show(this.iterationLine(event));
  };

  readonly epoch = (event: EpochEvent): void => {
    this.clear();
    this.stream.write(`${this.epochLine(event)}\n`);
    this.lastTime = this.now();
    this.lastLine = this.lastTime;
  };

  /** Removes the changing line. */
  clear(): void {
    if (this.stream.terminal) this.stream.write("\r\u001b[2K");
  }

  private show(line: string): void {
    if (!this.stream.terminal) this.stream.write(`${line}\n`);
    else this.stream.write(`\r\u001b[2K${line.slice(0, Math.max(20, this.stream.columns - 1))}`);
  }

  private iterationLine({ epoch, iteration, losses }: IterationEvent): string {
    const { epochs, iterationsPerEpoch } = this.plan;
    const inEpoch = iteration - epoch * iterationsPerEpoch + 1;
    const rate = this.rate ?? 0;
    const left = (epochs * iterationsPerEpoch - iteration - 1) / rate;
    const terms = describeLosses(losses);
    return `epoch ${epoch + 1}/${epochs}, ${inEpoch}/${iterationsPerEpoch}, ${speed(rate)}, ${duration(left)} left, ${terms}`;
  }

  private epochLine({ epoch, train, valid, best, improved }: EpochEvent): string {
    const metrics = this.shown.flatMap((name) => {
      const value = valid?.metrics.get(name) ?? valid?.losses.get(name);
      return value === undefined ? [] : [`${name} ${formatNumber(value)}`];
    });
    const parts = [`epoch ${epoch + 1}/${this.plan.epochs}`, describeLosses(train)];
    if (metrics.length > 0) parts.push(`valid ${metrics.join(", ")}`);
    // Without a selection every epoch takes the place of the one before, and none is better.
    if (improved && best !== null && best.value !== null) parts.push("best");
    return parts.join("  ");
  }
}

/** The losses as wholes: terms of sums are left to the log, and so is an objective that is a loss of its own. */
function describeLosses(losses: ReadonlyMap<string, number>): string {
  const whole = [...losses].filter(([name]) => !name.includes("["));
  const shown = whole.filter(
    ([name, value]) =>
      !name.endsWith(".objective") || !whole.some((other) => other[0] !== name && other[1] === value),
  );
  return shown.map(([name, value]) => `${name} ${formatNumber(value)}`).join(", ");
}

function speed(rate: number): string {
  return rate >= 1 ? `${rate.toFixed(1)} it/s` : `${(1 / rate).toFixed(1)} s/it`;
}

/** `45 s`, `3 min 5 s`, `2 h 10 min`. */
function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
