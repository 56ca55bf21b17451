/** Random whole programs as text, with odd spacing and with comments wherever a line may end. */
import fc, { type Arbitrary } from "fast-check";

export interface Program {
  readonly text: string;
  /** The comments in it, as they are written. */
  readonly comments: readonly string[];
}

/** Stands for a place where a line may end, and so for any space, line end or comment. */
const FREE = "\ue001";
/** Stands for a place where only spaces may be. */
const BLANK = "\ue002";
/** Stands for the end of a statement. */
const END = "\ue003";

const name = fc.constantFrom(
  "x",
  "y",
  "z_l",
  "D",
  "size",
  "min",
  "group",
  "label",
  "with",
  "phase",
  "a_rather_long_name_of_a_value",
);
const number = fc.constantFrom("0", "1", "64", "0.5", "1e-3", "2.5e10");
const typeName = fc.constantFrom("Linear", "Mlp", "Club");

const list = (item: Arbitrary<string>, maxLength = 4): Arbitrary<string> =>
  fc
    .tuple(fc.array(item, { minLength: 1, maxLength }), fc.constantFrom("", `,${FREE}`))
    .map(([items, end]) => `${FREE}${items.join(`${FREE},${FREE}`)}${FREE}${end}`);

const { value } = fc.letrec<{ value: string; operand: string }>((tie) => ({
  operand: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    name,
    number,
    fc.constantFrom("true", "false"),
    tie("value").map((inner) => `(${FREE}${inner}${FREE})`),
    fc.tuple(name, list(tie("value"))).map(([callee, items]) => `${callee}${BLANK}(${items})`),
    fc
      .tuple(name, name, tie("value"))
      .map(([callee, key, item]) => `${callee}(${FREE}${key} =${FREE}${item}${FREE})(${FREE})`),
    fc.tuple(tie("operand"), name).map(([object, member]) => `(${object}).${BLANK}${member}`),
    list(tie("value")).map((items) => `[${items}]`),
    fc
      .tuple(tie("value"), name, tie("value"))
      .map(
        ([body, each, over]) => `[${FREE}${body}${FREE}for ${each},${FREE}b${FREE}in${FREE}${over}${FREE}]`,
      ),
    fc
      .tuple(fc.constantFrom("-", "not "), tie("operand"))
      .map(([sign, operand]) => `${sign}${BLANK}${operand}`),
    fc
      .tuple(tie("value"), tie("value"), tie("value"))
      .map(([c, a, b]) => `(if${FREE}${c}${FREE}then${FREE}${a}${FREE}else${FREE}${b})`),
  ),
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie("operand"),
    fc
      .tuple(tie("operand"), fc.constantFrom("+", "-", "*", "/", "^", "and", "or"), tie("value"))
      .map(([left, sign, right]) => `${left} ${sign} ${FREE}${right}`),
    fc
      .tuple(tie("operand"), fc.constantFrom("==", "<", ">=", ".."), tie("operand"))
      .map(([left, sign, right]) => `(${left} ${sign} ${FREE}${right})`),
  ),
}));

const axis = fc
  .tuple(fc.oneof(name, number, fc.constant("4 * H")), fc.constantFrom("", "~"))
  .map((parts) => parts.join(BLANK));
const tensor = fc.oneof(
  fc.constantFrom("f32", "bool"),
  fc
    .tuple(fc.constantFrom("f32", "ids", "class", "bool"), list(axis))
    .map(([element, axes]) => `${element}[${axes}]`),
  list(axis).map((axes) => `ids[${axes}]${BLANK}<${BLANK}V`),
);

const assign = fc.tuple(name, value).map(([own, item]) => `${own}${BLANK}=${BLANK}${item}`);
const param = fc
  .tuple(name, tensor, value)
  .map(([own, type, init]) => `param ${own}${BLANK}:${BLANK}${type} = ${init}`);
const statement = fc.oneof(assign, param);
const doc = fc.constantFrom("", "/// Words.\n");
const lines = (item: Arbitrary<string>): Arbitrary<string> =>
  fc
    .array(
      fc.tuple(doc, item).map((parts) => parts.join("")),
      { maxLength: 4 },
    )
    .map((items) => `{${END}${items.map((each) => each + END).join("")}}`);

const argument = fc.tuple(name, tensor).map(([own, type]) => `${own}${BLANK}:${BLANK}${type}`);
const signature = fc
  .tuple(
    fc.oneof(fc.constant(""), list(argument)),
    fc.oneof(
      fc.constant(""),
      tensor.map((type) => ` ->${BLANK}${type}`),
    ),
  )
  .map(([items, result]) => `(${items})${result}`);
const body = fc
  .tuple(fc.array(statement, { maxLength: 3 }), value)
  .map(([items, result]) => `{${END}${items.map((each) => each + END).join("")}return ${result}${END}}`);

const member = fc.oneof(
  statement,
  fc.tuple(name, number).map(([own, size]) => `size ${own} = ${size}`),
  fc.tuple(fc.constantFrom("input", "label"), argument).map(([kind, own]) => `${kind} ${own}`),
  fc.tuple(name, typeName, value).map(([own, type, item]) => `slot ${own} : ${type} = ${item}`),
  assign.map((text) => `loss ${text}`),
  fc.array(name, { minLength: 1, maxLength: 3 }).map((items) => `output ${items.join(`,${FREE}`)}`),
);
const phaseMember = fc.oneof(
  value.map((text) => `minimize ${text}`),
  fc.tuple(name, name).map(([a, b]) => `updates ${a}.1.${b}, ${b} except ${a}`),
  fc.tuple(name, value).map(([a, item]) => `group ${a} (lr = ${item})`),
  value.map((text) => `with Adam(${FREE}lr = ${text}${FREE})`),
  number.map((text) => `clip norm ${text}`),
);
const trainMember = fc.oneof(
  fc.constantFrom(
    "epochs 3, patience 4",
    "batch 4 labelled + 8 unlabelled",
    "select min valid.mae",
    "report mae, corr",
  ),
  lines(phaseMember).map((block) => `phase p ${block}`),
);

const declaration = fc.oneof(
  fc.constantFrom('import "./a.mird" (A, B)', "import std.nn (Linear,)"),
  fc.tuple(signature, body).map(([head, block]) => `function f${head} ${block}`),
  fc
    .tuple(typeName, lines(fc.tuple(signature, body).map(([head, block]) => `${head}${block}`)))
    .map(([own, block]) => `module ${own}(a: size) ${block}`),
  fc.tuple(typeName, lines(member)).map(([own, block]) => `model ${own} ${block}`),
  fc.array(assign, { minLength: 1, maxLength: 3 }).map((items) => `model A = B with { ${items.join(", ")} }`),
  lines(trainMember).map((block) => `train M ${block}`),
);

const spaces = fc.infiniteStream(fc.integer({ min: 0, max: 19 }));

/** A program that parses without problems. */
export const program: Arbitrary<Program> = fc
  .tuple(fc.array(declaration, { minLength: 1, maxLength: 4 }), spaces)
  .map(([declarations, choices]) => {
    const comments: string[] = [];
    const comment = (): string => {
      comments.push(`// note ${comments.length}`);
      return `// note ${comments.length - 1}\n`;
    };
    const pick = (): number => choices.next().value ?? 0;
    const free = (): string => {
      const choice = pick();
      return choice === 0
        ? ` ${comment()}`
        : choice === 1
          ? `\n ${comment()}`
          : choice === 2
            ? "\n  \n"
            : choice < 8
              ? "  "
              : " ";
    };
    const end = (): string => {
      const choice = pick();
      return choice < 3
        ? ` ${comment()}`
        : choice < 5
          ? `\n\n\n  ${comment()}\n`
          : choice < 7
            ? "\n\n"
            : "\n";
    };
    const raw = declarations.map((text) => text + END).join("");
    const text = raw.replace(/[\ue001-\ue003]/g, (mark) =>
      mark === FREE ? free() : mark === END ? end() : pick() < 10 ? " " : "",
    );
    return { text, comments };
  });
