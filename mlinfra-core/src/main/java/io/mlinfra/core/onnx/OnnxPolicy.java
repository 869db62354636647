package io.mlinfra.core.onnx;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which ONNX files of others may come in, decided by what {@link OnnxInspection} finds in them. A
 * graph is a program: this is the list of instructions it may consist of. Immutable and
 * thread-safe; every method that allows more returns another policy.
 *
 * <pre>{@code
 * OnnxPolicy policy = OnnxPolicy.strict().allowOperator("", "Loop");
 * policy.check(OnnxInspection.of(bytes));
 * }</pre>
 *
 * <p>A policy does not bound memory: operators that make as much as a number in the graph says
 * (ConstantOfShape, Expand, Tile, Pad, Range, Resize) are deterministic, common, and allowed. Nor
 * does it look at attributes and values.
 */
public final class OnnxPolicy {
  /** How many of each kind of violation a message names. */
  private static final int SHOWN = 5;

  /** How much of a name a message shows; names come from the file. */
  private static final int SHOWN_CHARACTERS = 60;

  /**
   * The standard operators up to operator set 26 whose answers depend on their inputs alone and
   * that end. Left out are:
   *
   * <ul>
   *   <li>Bernoulli, Multinomial, RandomNormal, RandomNormalLike, RandomUniform and
   *       RandomUniformLike: they answer differently each time.
   *   <li>Dropout: so does it if its third input says that the graph is being trained; in a graph
   *       for use it does nothing, and exporters leave it out.
   *   <li>Loop: it may run for ever. Scan and SequenceMap end, yet run a graph as often as their
   *       input is long, so that what a call costs cannot be told from the graph.
   *   <li>NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss: they are for training. (Gradient,
   *       Adagrad, Adam and Momentum are as well; they are of a domain of their own.)
   *   <li>ImageDecoder: it hands bytes from outside to decoders of many image formats.
   *   <li>What has been in the specification for experiments only: Affine, ATen, ConstantFill,
   *       Crop, GivenTensorFill, ImageScaler, ParametricSoftplus, Scale and ScaledTanh.
   * </ul>
   *
   * If is there, as both of its branches are looked into; Scatter and Upsample are, as files of
   * older operator sets use them.
   */
  private static final Set<String> STANDARD =
      words(
          """
          Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh Attention
          AveragePool BatchNormalization BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor
          BlackmanWindow Cast CastLike Ceil Celu CenterCropPad Clip Col2Im Compress Concat
          ConcatFromSequence Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumProd
          CumSum DFT DeformConv DepthToSpace DequantizeLinear Det Div DynamicQuantizeLinear Einsum
          Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm
          GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample
          GroupNormalization HammingWindow HannWindow HardSigmoid HardSwish Hardmax Identity If
          InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual
          Log LogSoftmax LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxRoiPool MaxUnpool
          Mean MeanVarianceNormalization MelWeightMatrix Min Mish Mod Mul Neg NonMaxSuppression
          NonZero Not OneHot Optional OptionalGetElement OptionalHasElement Or PRelu Pad Pow
          QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN Range Reciprocal ReduceL1
          ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
          ReduceSumSquare RegexFullMatch Relu Reshape Resize ReverseSequence RoiAlign RotaryEmbedding
          Round STFT Scatter ScatterElements ScatterND Selu SequenceAt SequenceConstruct
          SequenceEmpty SequenceErase SequenceInsert SequenceLength Shape Shrink Sigmoid Sign Sin
          Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split SplitToSequence Sqrt Squeeze
          StringConcat StringNormalizer StringSplit Sub Sum Swish Tan Tanh TensorScatter
          TfIdfVectorizer ThresholdedRelu Tile TopK Transpose Trilu Unique Unsqueeze Upsample Where
          Xor
          """);

  /** All of {@code ai.onnx.ml} up to version 5: none is random, loops or reads anything else. */
  private static final Set<String> MACHINE_LEARNING =
      words(
          """
          ArrayFeatureExtractor Binarizer CastMap CategoryMapper DictVectorizer FeatureVectorizer
          Imputer LabelEncoder LinearClassifier LinearRegressor Normalizer OneHotEncoder
          SVMClassifier SVMRegressor Scaler TreeEnsemble TreeEnsembleClassifier
          TreeEnsembleRegressor ZipMap
          """);

  private static final OnnxPolicy STRICT =
      new OnnxPolicy(Map.of("", STANDARD, GraphBuilder.ML_DOMAIN, MACHINE_LEARNING), Set.of());

  private final Map<String, Set<String>> operators;
  private final Set<String> domains;

  private OnnxPolicy(Map<String, Set<String>> operators, Set<String> domains) {
    this.operators = Map.copyOf(operators);
    this.domains = Set.copyOf(domains);
  }

  private static Set<String> words(String text) {
    return Set.of(text.strip().split("\\s+"));
  }

  /**
   * The default: deterministic operators, of the standard domain and {@code ai.onnx.ml}, that end
   * by themselves; no function that the file itself defines; no data outside the file.
   */
  public static OnnxPolicy strict() {
    return STRICT;
  }

  /**
   * Allows an operator, or a function that the file itself defines, as well. What a function
   * consists of is held to the policy either way.
   *
   * @param domain empty for the standard one
   */
  public OnnxPolicy allowOperator(String domain, String operator) {
    Map<String, Set<String>> more = new HashMap<>(operators);
    Set<String> names = new HashSet<>(more.getOrDefault(OnnxInspector.canonical(domain), Set.of()));
    names.add(operator);
    more.put(OnnxInspector.canonical(domain), Set.copyOf(names));
    return new OnnxPolicy(more, domains);
  }

  /**
   * Allows every operator of a domain, and functions of that domain that the file itself defines.
   *
   * @param domain empty for the standard one
   */
  public OnnxPolicy allowDomain(String domain) {
    Set<String> more = new HashSet<>(domains);
    more.add(OnnxInspector.canonical(domain));
    return new OnnxPolicy(operators, more);
  }

  /** Whether an operator may be used; the empty domain is the standard one. */
  public boolean allows(String domain, String operator) {
    String canonical = OnnxInspector.canonical(domain);
    return domains.contains(canonical)
        || operators.getOrDefault(canonical, Set.of()).contains(operator);
  }

  /**
   * Accepts a file or throws.
   *
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} whose message names everything that
   *     is in the way (the first few of each kind), and what would allow it
   */
  public void check(OnnxInspection file) {
    List<String> violations = new ArrayList<>();
    file.operators().forEach((domain, counts) -> checkDomain(domain, counts, violations));
    file.functions().forEach((domain, names) -> checkFunctions(domain, names, violations));
    if (file.hasExternalData()) {
      violations.add(
          "the values of "
              + few(file.externalTensors())
              + " lie outside the file; embed them (onnx.save does unless told otherwise): this is"
              + " never allowed, as nothing would vouch for the other file");
    }
    if (!violations.isEmpty()) {
      throw new MlInfraException(
          ErrorCode.MODEL_REJECTED,
          "the ONNX graph '"
              + abbreviate(file.graphName())
              + "' is not admitted: "
              + String.join("; ", few(violations, 4 * SHOWN)));
    }
  }

  private void checkDomain(String domain, Map<String, Integer> counts, List<String> violations) {
    List<String> refused =
        counts.keySet().stream().filter(operator -> !allows(domain, operator)).toList();
    if (refused.isEmpty()) {
      return;
    }
    String example =
        "allowOperator(\"" + abbreviate(domain) + "\", \"" + abbreviate(refused.get(0)) + "\")";
    boolean known = operators.containsKey(domain);
    violations.add(
        (known
                ? "operators that are not on the list: "
                : "operators of the domain '" + abbreviate(domain) + "': ")
            + few(refused)
            + " (if you trust them, "
            + example
            + (known ? "" : " or allowDomain(\"" + abbreviate(domain) + "\")")
            + ")");
  }

  private void checkFunctions(String domain, List<String> names, List<String> violations) {
    boolean standard = STRICT.operators.containsKey(domain);
    if (domains.contains(domain) && !standard) {
      return;
    }
    // In a standard domain the name is on the list for what the specification says it does.
    List<String> refused =
        names.stream().filter(name -> standard || !allows(domain, name)).toList();
    if (refused.isEmpty()) {
      return;
    }
    violations.add(
        standard
            ? "the file defines functions of its own in the standard domain '"
                + domain
                + "': "
                + few(refused)
                + " (never allowed; give them a domain of their own)"
            : "the file defines functions in the domain '"
                + abbreviate(domain)
                + "': "
                + few(refused)
                + " (allowOperator or allowDomain(\""
                + abbreviate(domain)
                + "\") allows them; or have the exporter inline them)");
  }

  private static String few(Collection<String> names) {
    return String.join(", ", few(names.stream().map(OnnxPolicy::abbreviate).toList(), SHOWN));
  }

  private static List<String> few(List<String> texts, int limit) {
    if (texts.size() <= limit) {
      return texts;
    }
    List<String> shown = new ArrayList<>(texts.subList(0, limit));
    shown.add("and " + (texts.size() - limit) + " more");
    return shown;
  }

  private static String abbreviate(String text) {
    return text.length() <= SHOWN_CHARACTERS ? text : text.substring(0, SHOWN_CHARACTERS) + "…";
  }
}
