/** Backbones and models built on them: see every-spec.ts. */
import { specFiles } from "../support/specs.ts";
import { describeSpecs } from "./every-spec.ts";

describeSpecs(specFiles("backbones"));
