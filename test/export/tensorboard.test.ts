/** Event files for TensorBoard, read back record by record: lengths, checksums, protocol buffers, and that every logged number is there once. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PbfReader } from "pbf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { load } from "../../src/api/index.ts";
import { crc32c, maskedCrc32c } from "../../src/export/tensorboard.ts";
import { runCli } from "../support/cli.ts";

interface Read {
  time: number;
  step: number;
  version: string;
  scalars: Map<string, number>;
  texts: Map<string, string>;
}

/** Payloads of the records; a wrong checksum or length is an error. */
function records(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const found: Uint8Array[] = [];
  for (let place = 0; place < bytes.length; ) {
    const length = Number(view.getBigUint64(place, true));
    const payload = bytes.subarray(place + 12, place + 12 + length);
    expect(view.getUint32(place + 8, true)).toBe(maskedCrc32c(bytes.subarray(place, place + 8)));
    expect(view.getUint32(place + 12 + length, true)).toBe(maskedCrc32c(payload));
    found.push(payload);
    place += length + 16;
  }
  return found;
}

function readEvent(payload: Uint8Array): Read {
  const event: Read = { time: 0, step: 0, version: "", scalars: new Map(), texts: new Map() };
  const value = { tag: "", scalar: Number.NaN, text: "", plugin: "" };
  const readPlugin = (tag: number, _: null, pbf: PbfReader) => {
    if (tag === 1) value.plugin = pbf.readString();
  };
  const readMetadata = (tag: number, _: null, pbf: PbfReader) => {
    if (tag === 1) pbf.readMessage(readPlugin, null);
  };
  const readTensor = (tag: number, _: null, pbf: PbfReader) => {
    if (tag === 8) value.text = new TextDecoder().decode(pbf.readBytes());
  };
  const readValue = (tag: number, _: null, pbf: PbfReader) => {
    if (tag === 1) value.tag = pbf.readString();
    else if (tag === 2) value.scalar = pbf.readFloat();
    else if (tag === 8) pbf.readMessage(readTensor, null);
    else if (tag === 9) pbf.readMessage(readMetadata, null);
  };
  const readSummary = (tag: number, _: null, pbf: PbfReader) => {
    if (tag !== 1) return;
    Object.assign(value, { tag: "", scalar: Number.NaN, text: "", plugin: "" });
    pbf.readMessage(readValue, null);
    if (value.plugin === "text") event.texts.set(value.tag, value.text);
    else event.scalars.set(value.tag, value.scalar);
  };
  new PbfReader(payload).readFields((tag, _: null, pbf) => {
    if (tag === 1) event.time = pbf.readDouble();
    else if (tag === 2) event.step = pbf.readVarint();
    else if (tag === 3) event.version = pbf.readString();
    else if (tag === 5) pbf.readMessage(readSummary, null);
  }, null);
  return event;
}

const folder = mkdtempSync(join(tmpdir(), "mird-board-"));
afterAll(() => rmSync(folder, { recursive: true }));
const runs = [0, 1].map((seed) => join(folder, `seed-${seed}`));

beforeAll(async () => {
  const data = join(folder, "data");
  await runCli(
    "data",
    "synth",
    "--out",
    data,
    "--train",
    "24",
    "--valid",
    "8",
    "--test",
    "8",
    "--unlabelled",
    "0",
  );
  for (const [seed, out] of runs.entries()) {
    const drop = seed === 1 ? ["--drop", "train.vision=0.5"] : [];
    const given = ["--data", data, "--out", out, "--device", "cpu", "--seed", `${seed}`, ...drop];
    expect(await runCli("train", "test/cli/fixtures/latents.mird", ...given)).toMatchObject({ code: 0 });
  }
  expect(await runCli("export", ...runs, "--to", "tensorboard")).toMatchObject({ code: 0, err: "" });
}, 120_000);

const eventsOf = (run: string): Read[] => {
  const names = readdirSync(join(run, "tensorboard"));
  expect(names).toHaveLength(1);
  expect(names[0]).toMatch(/^events\.out\.tfevents\.\d{10}\.mird$/);
  return records(readFileSync(join(run, "tensorboard", names[0] ?? ""))).map(readEvent);
};

describe("checksums", () => {
  it("are CRC-32C (the check value of the catalogue, and RFC 3720, appendix B.4), masked as TensorBoard's own reader does", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(maskedCrc32c(new Uint8Array(32))).toBe(0x0fd7fffa);
  });
});

describe("an event file", () => {
  it("holds every number of the log, at its iteration, in the order of time", () => {
    const run = load(runs[0] ?? "");
    const [version, ...events] = eventsOf(run.folder);
    expect(version).toMatchObject({ version: "brain.Event:2", time: Date.parse(run.info.started) / 1000 });
    const times = events.map(({ time }) => time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const points = new Map<string, number>();
    for (const { step, scalars } of events)
      for (const [tag, value] of scalars) points.set(`${tag}@${step}`, value);
    const expected = new Map<string, number>();
    let best = 0;
    const put = (group: string, step: number, values: unknown) => {
      for (const [name, value] of Object.entries(Object(values)))
        if (typeof value === "number") expected.set(`${group}/${name}@${step}`, Math.fround(value));
    };
    for (const entry of run.history()) {
      const valid = Object(entry.valid);
      if (entry.kind === "iteration") put("iteration", Number(entry.iteration) + 1, entry.losses);
      else {
        put("train", Number(entry.iteration), entry.train);
        put("valid", Number(entry.iteration), valid.losses);
        put("valid", Number(entry.iteration), valid.metrics);
        if (entry.improved === true) best = Number(entry.iteration);
      }
    }
    for (const [split, { losses, metrics }] of Object.entries(run.metrics())) {
      put(`selected.${split}`, best, losses);
      put(`selected.${split}`, best, metrics);
    }
    expect(expected.size).toBeGreaterThan(20);
    expect([...points].sort()).toEqual([...expected].sort());
  });

  it("shows the spec and what the run was started with as texts", () => {
    const [, first] = eventsOf(runs[1] ?? "");
    expect(first?.texts.get("spec")).toContain("    model Latents {");
    const { info } = load(runs[1] ?? "");
    const began = JSON.parse(first?.texts.get("run") ?? "");
    expect(began).toMatchObject({ seed: 1, epochs: 2, drop: { "train.vision": 0.5 }, pretrained: {} });
    expect(info).toMatchObject(began);
  });

  it("is replaced when it is written again", async () => {
    const run = runs[0] ?? "";
    const before = eventsOf(run);
    expect((await runCli("export", run, "--to", "tensorboard")).code).toBe(0);
    expect(eventsOf(run)).toEqual(before);
  });

  it("of several runs goes into the run folders only", async () => {
    const { code, err } = await runCli("export", ...runs, "--to", "tensorboard", "-o", folder);
    expect(code).toBe(2);
    expect(err).toContain("--out goes with one run");
  });
});
