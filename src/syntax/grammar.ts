/**
 * The grammar of declarations. Every rule builds a plain concrete tree; `build-ast.ts` gives it meaning.
 *
 * Chevrotain's own recovery is off: it resumes at the next plausible token, which in a language of short lines makes
 * second messages out of one mistake. `parse.ts` recovers by statements instead.
 */
import { WeightsGrammar } from "./grammar-weights.ts";
import * as t from "./tokens.ts";

const { word, reserved } = t;

export class Grammar extends WeightsGrammar {
  constructor(validate: boolean) {
    super(validate);
    this.performSelfAnalysis();
  }

  declaration = this.RULE("declaration", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.importDeclaration) },
      { ALT: () => this.SUBRULE(this.interfaceDeclaration) },
      { ALT: () => this.SUBRULE(this.functionDeclaration) },
      { ALT: () => this.SUBRULE(this.moduleDeclaration) },
      { ALT: () => this.SUBRULE(this.modelDeclaration) },
      { ALT: () => this.SUBRULE(this.trainDeclaration) },
      { ALT: () => this.SUBRULE(this.weightsDeclaration) },
    ]);
  });

  /** `import std.nn (Linear, Mlp)` */
  private importDeclaration = this.RULE("importDeclaration", () => {
    this.CONSUME(word.import);
    this.OR([{ ALT: () => this.CONSUME(t.QuotedText) }, { ALT: () => this.SUBRULE(this.importPath) }]);
    this.CONSUME(t.LParen);
    this.CONSUME(t.Name);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.CONSUME2(t.Name);
    });
    this.OPTION(() => this.CONSUME2(t.Comma));
    this.CONSUME(t.RParen);
  });

  private importPath = this.RULE("importPath", () => {
    this.CONSUME(t.Name);
    this.MANY(() => {
      this.CONSUME(t.Dot);
      this.CONSUME2(t.Name);
    });
  });

  private interfaceDeclaration = this.RULE("interfaceDeclaration", () => {
    this.CONSUME(word.interface);
    this.CONSUME(t.Name);
    this.OPTION(() => this.SUBRULE(this.parameters));
    this.SUBRULE(this.interfaceBlock);
  });

  interfaceBlock = this.RULE("interfaceBlock", () => {
    this.CONSUME(t.LBrace);
    this.MANY_SEP({ SEP: t.LineBreak, DEF: () => this.SUBRULE(this.methodSignature) });
    this.CONSUME(t.RBrace);
  });

  private methodSignature = this.RULE("methodSignature", () => {
    this.OPTION(() => this.CONSUME(t.Name));
    this.SUBRULE(this.signature);
  });

  private functionDeclaration = this.RULE("functionDeclaration", () => {
    this.CONSUME(word.function);
    this.CONSUME(t.Name);
    this.SUBRULE(this.signature);
    this.SUBRULE(this.methodBlock);
  });

  private moduleDeclaration = this.RULE("moduleDeclaration", () => {
    this.CONSUME(word.module);
    this.CONSUME(t.Name);
    this.OPTION(() => this.SUBRULE(this.parameters));
    this.OPTION2(() => {
      this.CONSUME(word.implements);
      this.CONSUME2(t.Name);
    });
    this.SUBRULE(this.moduleBlock);
  });

  moduleBlock = this.RULE("moduleBlock", () => {
    this.CONSUME(t.LBrace);
    this.MANY_SEP({ SEP: t.LineBreak, DEF: () => this.SUBRULE(this.moduleMember) });
    this.CONSUME(t.RBrace);
  });

  private moduleMember = this.RULE("moduleMember", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.paramStatement) },
      { ALT: () => this.SUBRULE(this.stateStatement) },
      { ALT: () => this.SUBRULE(this.updateStatement) },
      { ALT: () => this.SUBRULE(this.letStatement) },
      { ALT: () => this.SUBRULE(this.method) },
    ]);
  });

  private method = this.RULE("method", () => {
    this.OPTION(() => this.CONSUME(t.Name));
    this.SUBRULE(this.signature);
    this.SUBRULE(this.methodBlock);
  });

  methodBlock = this.RULE("methodBlock", () => {
    this.CONSUME(t.LBrace);
    this.MANY_SEP({ SEP: t.LineBreak, DEF: () => this.SUBRULE(this.bodyStatement) });
    this.CONSUME(t.RBrace);
  });

  private bodyStatement = this.RULE("bodyStatement", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.paramStatement) },
      { ALT: () => this.SUBRULE(this.stateStatement) },
      { ALT: () => this.SUBRULE(this.updateStatement) },
      { ALT: () => this.SUBRULE(this.letStatement) },
      { ALT: () => this.SUBRULE(this.returnStatement) },
    ]);
  });

  private paramStatement = this.RULE("paramStatement", () => {
    this.CONSUME(reserved.param);
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.tensorType);
    this.OPTION(() => {
      this.CONSUME(t.Equals);
      this.SUBRULE(this.expression);
    });
  });

  private stateStatement = this.RULE("stateStatement", () => {
    this.CONSUME(word.state);
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.tensorType);
    this.OPTION(() => {
      this.CONSUME(t.Equals);
      this.SUBRULE(this.expression);
    });
  });

  private updateStatement = this.RULE("updateStatement", () => {
    this.CONSUME(word.update);
    this.CONSUME(t.Name);
    this.CONSUME(t.Equals);
    this.SUBRULE(this.expression);
  });

  private letStatement = this.RULE("letStatement", () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.Equals);
    this.SUBRULE(this.expression);
  });

  private returnStatement = this.RULE("returnStatement", () => {
    this.CONSUME(reserved.return);
    this.SUBRULE(this.returned);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.SUBRULE2(this.returned);
    });
  });

  private returned = this.RULE("returned", () => {
    this.OPTION(() => {
      this.CONSUME(t.Name);
      this.CONSUME(t.Equals);
    });
    this.SUBRULE(this.expression);
  });

  private modelDeclaration = this.RULE("modelDeclaration", () => {
    this.CONSUME(word.model);
    this.CONSUME(t.Name);
    this.OR([
      { ALT: () => this.SUBRULE(this.modelBlock) },
      {
        ALT: () => {
          this.CONSUME(t.Equals);
          this.CONSUME2(t.Name);
          this.CONSUME(word.with);
          this.SUBRULE(this.variantBlock);
        },
      },
    ]);
  });

  modelBlock = this.RULE("modelBlock", () => {
    this.CONSUME(t.LBrace);
    this.MANY_SEP({ SEP: t.LineBreak, DEF: () => this.SUBRULE(this.modelMember) });
    this.CONSUME(t.RBrace);
  });

  variantBlock = this.RULE("variantBlock", () => {
    this.CONSUME(t.LBrace);
    this.OPTION(() => {
      this.SUBRULE(this.variantMember);
      this.MANY(() => {
        this.SUBRULE(this.separator);
        this.SUBRULE2(this.variantMember);
      });
      this.OPTION2(() => this.SUBRULE2(this.separator));
    });
    this.CONSUME(t.RBrace);
  });

  private variantMember = this.RULE("variantMember", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.override) },
      { ALT: () => this.SUBRULE(this.sizeMember) },
      { ALT: () => this.SUBRULE(this.settingMember) },
      { ALT: () => this.SUBRULE(this.slotMember) },
      { ALT: () => this.SUBRULE(this.lossMember) },
    ]);
  });

  private override = this.RULE("override", () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.Equals);
    this.SUBRULE(this.expression);
  });

  private modelMember = this.RULE("modelMember", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.paramStatement) },
      { ALT: () => this.SUBRULE(this.stateStatement) },
      { ALT: () => this.SUBRULE(this.updateStatement) },
      { ALT: () => this.SUBRULE(this.letStatement) },
      { ALT: () => this.SUBRULE(this.sizeMember) },
      { ALT: () => this.SUBRULE(this.settingMember) },
      { ALT: () => this.SUBRULE(this.dataMember) },
      { ALT: () => this.SUBRULE(this.slotMember) },
      { ALT: () => this.SUBRULE(this.lossMember) },
      { ALT: () => this.SUBRULE(this.outputMember) },
    ]);
  });

  private sizeMember = this.RULE("sizeMember", () => {
    this.CONSUME(word.size);
    this.CONSUME(t.Name);
    this.OPTION(() => {
      this.CONSUME(t.Equals);
      this.SUBRULE(this.expression);
    });
  });

  private settingMember = this.RULE("settingMember", () => {
    this.OR(this.oneOf([word.number, word.flag]));
    this.CONSUME(t.Name);
    this.CONSUME(t.Equals);
    this.SUBRULE(this.expression);
  });

  private dataMember = this.RULE("dataMember", () => {
    this.OR(this.oneOf([word.input, word.label]));
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.tensorType);
  });

  private slotMember = this.RULE("slotMember", () => {
    this.CONSUME(word.slot);
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.CONSUME2(t.Name);
    this.OPTION(() => {
      this.CONSUME(t.Equals);
      this.SUBRULE(this.expression);
    });
  });

  private lossMember = this.RULE("lossMember", () => {
    this.CONSUME(word.loss);
    this.CONSUME(t.Name);
    this.CONSUME(t.Equals);
    this.SUBRULE(this.expression);
  });

  private outputMember = this.RULE("outputMember", () => {
    this.CONSUME(word.output);
    this.CONSUME(t.Name);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.CONSUME2(t.Name);
    });
    this.OPTION(() => {
      this.CONSUME(word.predicts);
      this.CONSUME3(t.Name);
    });
  });
}

let made: Grammar | null = null;

/** The one parser; it keeps no state between inputs. It is made when it is first needed, since many commands read no text that they have not read before. */
export function grammar(): Grammar {
  made ??= new Grammar(false);
  return made;
}
