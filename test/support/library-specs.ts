/** Every spec of the repository as it is, but smaller; MIRD with two fillings of its slots. */
import { readdirSync } from "node:fs";
import type { SmallSpec } from "./one-step.ts";
import { smallSizes } from "./one-step.ts";

const BATCH = { labelled: 3, unlabelled: 2 };
const MIRD = "specs/mird.mird";
const JOINT = "SparseWordAttention(width = 8, layers = 2, heads = 2, rate = 0.2)";

/** The texts of `specs/`, as they are but smaller. */
const LIBRARY: readonly SmallSpec[] = readdirSync("specs")
  .filter((name) => name.endsWith(".mird"))
  .map((name) => ({ path: `specs/${name}`, settings: smallSizes(`specs/${name}`), batch: BATCH }));

export const librarySpecs: readonly SmallSpec[] = [
  ...LIBRARY.filter(({ path }) => path !== MIRD),
  { path: MIRD, settings: { ...smallSizes(MIRD), joint: JOINT }, batch: BATCH },
  {
    path: MIRD,
    settings: { ...smallSizes(MIRD), joint: JOINT, L: "4", Tv: "2", penalty: "ClubSample(hidden = 6)" },
    batch: BATCH,
  },
  { path: "examples/mosi/mosi.mird", settings: { d: "4", V: "9", L: "4", A: "3" }, batch: BATCH },
  { path: "examples/mmmo/mmmo.mird", settings: { d: "4", Ta: "4", Tv: "4", Da: "3", Dv: "2" }, batch: BATCH },
  {
    path: "examples/quickstart/quickstart.mird",
    settings: { d: "4", V: "9", L: "4", Ta: "4", Tv: "4", Da: "3", Dv: "2" },
    batch: BATCH,
  },
];
