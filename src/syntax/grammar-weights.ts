/** Grammar of `weights` declarations: how the tensors of public checkpoints are called. */
import { TrainGrammar } from "./grammar-train.ts";
import * as t from "./tokens.ts";

const { word, reserved, connective } = t;

export class WeightsGrammar extends TrainGrammar {
  /** `weights HuggingfaceBert for Bert { … }` */
  protected weightsDeclaration = this.RULE("weightsDeclaration", () => {
    this.CONSUME(word.weights);
    this.CONSUME(t.Name);
    this.CONSUME(reserved.for);
    this.CONSUME2(t.Name);
    this.SUBRULE(this.weightsBlock);
  });

  weightsBlock = this.RULE("weightsBlock", () => {
    this.CONSUME(t.LBrace);
    this.MANY_SEP({ SEP: t.LineBreak, DEF: () => this.SUBRULE(this.weightsMember) });
    this.CONSUME(t.RBrace);
  });

  protected weightsMember = this.RULE("weightsMember", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.configMember) },
      { ALT: () => this.SUBRULE(this.prefixMember) },
      { ALT: () => this.SUBRULE(this.tensorMember) },
    ]);
  });

  /** `config hidden_size = width`, `config hidden_act = "gelu"` */
  protected configMember = this.RULE("configMember", () => {
    this.CONSUME(word.config);
    this.CONSUME(t.Name);
    this.CONSUME(t.Equals);
    this.OR([
      { ALT: () => this.CONSUME(t.QuotedText) },
      { ALT: () => this.CONSUME(t.NumberLiteral) },
      { ALT: () => this.CONSUME2(t.Name) },
    ]);
  });

  protected prefixMember = this.RULE("prefixMember", () => {
    this.CONSUME(word.prefix);
    this.CONSUME(t.QuotedText);
  });

  /** `"LayerNorm.weight" or "LayerNorm.gamma" = normalise.scale` */
  protected tensorMember = this.RULE("tensorMember", () => {
    this.CONSUME(t.QuotedText);
    this.MANY(() => {
      this.CONSUME(connective.or);
      this.CONSUME2(t.QuotedText);
    });
    this.CONSUME(t.Equals);
    this.SUBRULE(this.path);
  });
}
