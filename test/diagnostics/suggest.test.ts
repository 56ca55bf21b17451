/** Which names are close enough to be meant. */
import { describe, expect, it } from "vitest";
import { suggest } from "../../src/diagnostics/suggest.ts";

describe("suggest", () => {
  it.each<[string, string[], string | null]>([
    ["audo_h", ["text_h", "audio_h", "vision_h"], "audio_h"],
    ["lable", ["label", "table"], "label"],
    ["penatly", ["penalty"], "penalty"],
    ["clbu", ["club"], "club"],
    ["linear", ["Linear", "linearly"], "Linear"],
    ["D", ["d", "B"], "d"],
    ["ab", ["ac"], null],
    ["abc", ["abd", "xyz"], "abd"],
    ["abcdef", ["abc"], null],
    ["completely", ["different"], null],
    ["x", [], null],
  ])("for `%s` among %j gives %j", (name, candidates, expected) => {
    expect(suggest(name, candidates)).toBe(expected);
  });

  it("does not choose between names that differ only in case", () => {
    expect(suggest("dd", ["Dd", "DD"])).toBe(null);
  });

  it("prefers the nearest", () => {
    expect(suggest("hidden_size", ["hidden_axes", "hiden_size", "hide_size"])).toBe("hiden_size");
  });
});
