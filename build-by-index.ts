/**
 * A step of the build: what goes through the iteration protocol in the sources and is an array by its type goes by index in the program. A compilation
 * runs most of its code a few times, before the engine optimises it, and there a step of the protocol is a call that makes an object: without them a
 * compilation takes a twelfth less time. Sources stay as they are read best.
 */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import type { Plugin } from "esbuild";
import ts from "typescript";

const make = ts.factory;

/** Loads the sources of the project that `configuration` describes, by index. */
export function byIndex(configuration: string): Plugin {
  return {
    name: "by index",
    setup: (build) => {
      const config = ts.readConfigFile(configuration, (path) => readFileSync(path, "utf8"));
      const { fileNames, options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ".");
      const program = ts.createProgram(fileNames, options);
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = program.getSourceFile(path);
        if (file === undefined) throw new Error(`${relative(".", path)} is no source of ${configuration}`);
        return { contents: fileByIndex(program, file), loader: "ts" };
      });
    },
  };
}

/** The text of a source file of a program, by index. */
export function fileByIndex(program: ts.Program, file: ts.SourceFile): string {
  const checker = program.getTypeChecker();
  const { transformed } = ts.transform(file, [
    (context) => (root) => new Rewriting(checker, context).file(root),
  ]);
  const [first = file] = transformed;
  return ts.createPrinter({ removeComments: true }).printFile(first);
}

type WithParameters =
  | ts.ArrowFunction
  | ts.FunctionExpression
  | ts.FunctionDeclaration
  | ts.MethodDeclaration;

class Rewriting {
  readonly #checker: ts.TypeChecker;
  readonly #context: ts.TransformationContext;

  constructor(checker: ts.TypeChecker, context: ts.TransformationContext) {
    this.#checker = checker;
    this.#context = context;
  }

  file(file: ts.SourceFile): ts.SourceFile {
    return this.#inside(file);
  }

  readonly #visit = (node: ts.Node): ts.Node => {
    if (ts.isForOfStatement(node)) return this.#loop(node);
    if (ts.isVariableDeclarationList(node)) return this.#declarations(node);
    if (
      ts.isArrowFunction(node) ||
      ts.isFunctionExpression(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isMethodDeclaration(node)
    )
      return this.#function(node);
    if (ts.isArrayLiteralExpression(node)) return this.#list(node);
    if (ts.isExpressionStatement(node)) return this.#assignment(node);
    return this.#inside(node);
  };

  #inside<T extends ts.Node>(node: T): T {
    return ts.visitEachChild(node, this.#visit, this.#context);
  }

  #rewritten<T extends ts.Node>(node: T): T {
    return this.#visit(node) as T;
  }

  #isArray(node: ts.Node): boolean {
    const isArray = (type: ts.Type): boolean =>
      type.isUnion()
        ? type.types.every(isArray)
        : this.#checker.isArrayType(type) || this.#checker.isTupleType(type);
    return isArray(this.#checker.getTypeAtLocation(node));
  }

  #loop(node: ts.ForOfStatement): ts.Statement {
    const { initializer, expression, statement } = node;
    const [declaration] = ts.isVariableDeclarationList(initializer) ? initializer.declarations : [];
    if (node.awaitModifier !== undefined || declaration === undefined) return this.#inside(node);
    const { name } = declaration;
    const flags = initializer.flags & ts.NodeFlags.BlockScoped;
    const { list, gives } = this.#walked(expression);
    const body = (declarations: readonly ts.VariableDeclaration[]) =>
      make.createBlock([variables(declarations, flags), this.#rewritten(statement)], true);
    if (list === null) {
      if (!ts.isArrayBindingPattern(name) || !this.#isArray(name)) return this.#inside(node);
      const item = unique("item");
      return make.updateForOfStatement(
        node,
        undefined,
        make.createVariableDeclarationList([make.createVariableDeclaration(item)], ts.NodeFlags.Const),
        this.#rewritten(expression),
        body(this.#parts(name, item)),
      );
    }
    const [index, items] = [unique("index"), unique("items")];
    const item = make.createElementAccessExpression(items, index);
    const declarations = this.#given(name, gives, index, item);
    if (declarations === null) return this.#inside(node);
    return make.createForStatement(
      make.createVariableDeclarationList(
        [declare(index, make.createNumericLiteral(0)), declare(items, this.#rewritten(list))],
        ts.NodeFlags.Let,
      ),
      make.createLessThan(index, make.createPropertyAccessExpression(items, "length")),
      make.createPostfixIncrement(index),
      body(declarations),
    );
  }

  /** The array that a loop walks along, and what it gives of it; null for anything else. */
  #walked(expression: ts.Expression): {
    readonly list: ts.Expression | null;
    readonly gives: "items" | "keys" | "entries";
  } {
    if (this.#isArray(expression)) return { list: expression, gives: "items" };
    const none = { list: null, gives: "items" } as const;
    if (!ts.isCallExpression(expression) || !ts.isPropertyAccessExpression(expression.expression))
      return none;
    const { expression: list, name } = expression.expression;
    const gives = name.text;
    return (gives === "keys" || gives === "entries") && this.#isArray(list) ? { list, gives } : none;
  }

  #given(
    name: ts.BindingName,
    gives: "items" | "keys" | "entries",
    index: ts.Expression,
    item: ts.Expression,
  ): readonly ts.VariableDeclaration[] | null {
    if (gives === "items") return this.#declared(name, item);
    if (gives === "keys") return this.#declared(name, index);
    if (!ts.isArrayBindingPattern(name)) return null;
    const [key, value] = name.elements.map((element) => (isPlain(element) ? element.name : null));
    if (key === null || value === null) return null;
    return [
      ...(key === undefined ? [] : this.#declared(key, index)),
      ...(value === undefined ? [] : this.#declared(value, item)),
    ];
  }

  /** Declarations that give a name, or the names of a pattern, its value. */
  #declared(name: ts.BindingName, value: ts.Expression): readonly ts.VariableDeclaration[] {
    if (!ts.isArrayBindingPattern(name) || !this.#isArray(name))
      return [declare(this.#rewritten(name), value)];
    const whole = unique("whole");
    return [declare(whole, value), ...this.#parts(name, whole)];
  }

  /** Declarations of what a pattern takes from an array. */
  #parts({ elements }: ts.ArrayBindingPattern, whole: ts.Identifier): readonly ts.VariableDeclaration[] {
    return elements.flatMap((element, position) => {
      if (!ts.isBindingElement(element)) return [];
      const place = make.createNumericLiteral(position);
      if (element.dotDotDotToken !== undefined) {
        const slice = make.createPropertyAccessExpression(whole, "slice");
        return this.#declared(element.name, make.createCallExpression(slice, undefined, [place]));
      }
      const part = make.createElementAccessExpression(whole, place);
      if (element.initializer === undefined) return this.#declared(element.name, part);
      const isMissing = make.createStrictEquality(part, make.createVoidZero());
      const otherwise = this.#rewritten(element.initializer);
      return this.#declared(
        element.name,
        make.createConditionalExpression(isMissing, undefined, otherwise, undefined, part),
      );
    });
  }

  #declarations(node: ts.VariableDeclarationList): ts.VariableDeclarationList {
    return make.updateVariableDeclarationList(
      node,
      node.declarations.flatMap((declaration) => {
        const { name, initializer } = declaration;
        if (initializer === undefined || !ts.isArrayBindingPattern(name) || !this.#isArray(initializer))
          return [this.#inside(declaration)];
        const pairs = matched(name, initializer);
        if (pairs === null) return this.#declared(name, this.#rewritten(initializer));
        return pairs.map(([part, value]) => declare(part, this.#rewritten(value)));
      }),
    );
  }

  #function<F extends WithParameters>(node: F): F {
    const suits = ({ name, dotDotDotToken }: ts.ParameterDeclaration) =>
      ts.isArrayBindingPattern(name) && dotDotDotToken === undefined && this.#isArray(name);
    const { parameters, body } = node;
    // Defaults of other parameters may name what is taken apart here.
    const hasDefaults = parameters.some(({ initializer }) => initializer !== undefined);
    if (body === undefined || hasDefaults || !parameters.some(suits)) return this.#inside(node);
    const declarations: ts.VariableDeclaration[] = [];
    const whole = new Map<ts.Node, ts.Identifier>();
    for (const parameter of parameters) {
      if (!suits(parameter)) continue;
      const name = unique("whole");
      whole.set(parameter.name, name);
      declarations.push(...this.#parts(parameter.name as ts.ArrayBindingPattern, name));
    }
    const first = variables(declarations, ts.NodeFlags.Let);
    const visit = (child: ts.Node): ts.Node => {
      if (ts.isParameter(child) && whole.has(child.name))
        return make.createParameterDeclaration(undefined, undefined, whole.get(child.name) ?? "");
      if (child !== body) return this.#visit(child);
      if (ts.isBlock(body)) return make.createBlock([first, ...this.#inside(body).statements], true);
      return make.createBlock([first, make.createReturnStatement(this.#rewritten(body))], true);
    };
    return ts.visitEachChild(node, visit, this.#context);
  }

  /** Lists that become one. */
  #list(node: ts.ArrayLiteralExpression): ts.Expression {
    const { elements, parent } = node;
    const isTarget = ts.isBinaryExpression(parent) && parent.left === node;
    const spread = elements.filter(ts.isSpreadElement);
    if (isTarget || elements.length < 2 || spread.length === 0) return this.#inside(node);
    if (!spread.every(({ expression }) => this.#isArray(expression))) return this.#inside(node);
    const lists: ts.Expression[] = [];
    let own: ts.Expression[] = [];
    const close = () => {
      if (own.length > 0) lists.push(make.createArrayLiteralExpression(own));
      own = [];
    };
    for (const element of elements)
      if (ts.isSpreadElement(element)) {
        close();
        lists.push(make.createParenthesizedExpression(this.#rewritten(element.expression)));
      } else own.push(this.#rewritten(element));
    close();
    const [first, ...rest] = lists;
    if (first === undefined) return this.#inside(node);
    return make.createCallExpression(make.createPropertyAccessExpression(first, "concat"), undefined, rest);
  }

  /** `[a, b] = [x, y];` */
  #assignment(node: ts.ExpressionStatement): ts.Statement {
    const { expression } = node;
    if (!ts.isBinaryExpression(expression) || expression.operatorToken.kind !== ts.SyntaxKind.EqualsToken)
      return this.#inside(node);
    const { left, right } = expression;
    const targets = ts.isArrayLiteralExpression(left) ? left.elements : [];
    const isSwap =
      ts.isArrayLiteralExpression(right) &&
      targets.length === right.elements.length &&
      targets.every(ts.isIdentifier) &&
      !right.elements.some(ts.isSpreadElement);
    if (!isSwap || targets.length === 0) return this.#inside(node);
    const values = right.elements.map((value) => declare(unique("value"), this.#rewritten(value)));
    const assignments = targets.map((target, position) =>
      make.createExpressionStatement(make.createAssignment(target, values[position]?.name as ts.Identifier)),
    );
    return make.createBlock([variables(values, ts.NodeFlags.Const), ...assignments], true);
  }
}

/** The elements of `[a, b] = [x, y]` in pairs; null when they are not all plain names. */
function matched(
  { elements }: ts.ArrayBindingPattern,
  list: ts.Expression,
): readonly (readonly [ts.Identifier, ts.Expression])[] | null {
  if (!ts.isArrayLiteralExpression(list) || list.elements.length !== elements.length) return null;
  const pairs: (readonly [ts.Identifier, ts.Expression])[] = [];
  for (const [position, value] of list.elements.entries()) {
    const element = elements[position];
    if (ts.isSpreadElement(value) || element === undefined || !isPlain(element)) return null;
    if (!ts.isIdentifier(element.name)) return null;
    pairs.push([element.name, value]);
  }
  return pairs;
}

function isPlain(element: ts.ArrayBindingElement): element is ts.BindingElement {
  return (
    ts.isBindingElement(element) && element.dotDotDotToken === undefined && element.initializer === undefined
  );
}

function unique(name: string): ts.Identifier {
  return make.createUniqueName(name, ts.GeneratedIdentifierFlags.ReservedInNestedScopes);
}

function declare(name: ts.BindingName, value: ts.Expression): ts.VariableDeclaration {
  return make.createVariableDeclaration(name, undefined, undefined, value);
}

function variables(
  declarations: readonly ts.VariableDeclaration[],
  flags: ts.NodeFlags,
): ts.VariableStatement {
  return make.createVariableStatement(undefined, make.createVariableDeclarationList(declarations, flags));
}
