/** MIRD, its ablations and its other tasks: see every-spec.ts. */
import { specFiles } from "../support/specs.ts";
import { describeSpecs } from "./every-spec.ts";

describeSpecs(specFiles("mird"));
