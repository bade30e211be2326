/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.lora4j.config.Initialization;
import org.lora4j.config.LokrConfig;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Low-rank Kronecker product: {@code W' = W + scaling * (L ⊗ R)}.
 *
 * <p>The sizes of the module are split, {@code outputs = a * b} and {@code inputs = c * d}. <i>Shapes</i> L {@code [a, c]},
 * R {@code [b, d, window...]}. Either is whole, or a product of two factors where the rank is below half of its longer side:
 * L of {@code [a, rank]} and {@code [rank, c]}, only if {@code both} is asked for; R of {@code [b, rank]} and {@code [rank, d *
 * window]}, or with a factor for the window in Tucker's form of a core {@code [rank, rank, window...]}, {@code [rank, b]} and
 * {@code [rank, d]}.
 *
 * <p>L, or its first factor, starts at zero, the others uniform in {@code ±1/sqrt(fan-in)}: a fresh adapter changes nothing.
 * With {@link Initialization#LYCORIS} R is zero in its place.
 *
 * <p>A whole R of a convolution over one axis is multiplied as PEFT multiplies it: {@code kron} takes its three axes for
 * the last ones of L, so that the update of output {@code p * a + i} has {@code L[i, j] R[p, q, w]} at the place {@code (i, q,
 * j, w)} of the flat weight.
 *
 * <p><i>Source:</i> Yeh et al., "Navigating Text-To-Image Customization: From LyCORIS Fine-Tuning to Model Evaluation", 2023,
 * arXiv 2309.14859, section 3.2; PEFT: {@code lokr_w1}, {@code lokr_w2}, {@code lokr_t2}.
 *
 * @apiNote Status: experimental
 */
public final class LokrMethod implements AdapterMethod {

    private static final String LEFT = "lokr_w1";
    private static final String RIGHT = "lokr_w2";
    private static final String CORE = "lokr_t2";

    static final MethodTraits TRAITS = MethodTraits.builder("LoKr", "LOKR")
            .factor(LEFT, "L")
            .factor(LEFT + "_a", "La")
            .factor(LEFT + "_b", "Lb")
            .factor(RIGHT, "R")
            .factor(CORE, "Rt")
            .factor(RIGHT + "_a", "Ra")
            .factor(RIGHT + "_b", "Rb")
            .build();

    /** What a side is made of. */
    private enum Form {
        WHOLE,
        PRODUCT,
        TUCKER
    }

    private final int rank;
    private final int factor;
    private final boolean both;
    private final boolean effective;
    private final Form left;
    private final Form right;
    private final UpdateDropout dropout;

    /**
     * Makes the method that a config asks for.
     *
     * @param path dotted path of the module, for its rank
     */
    LokrMethod(LokrConfig config, String path) {
        this(
                config.rankOf(path),
                config.decomposeFactor(),
                config.decomposeBoth(),
                config.effectiveConvolution(),
                Form.WHOLE,
                Form.WHOLE,
                new UpdateDropout(config.rankDropout(), config.rankDropoutScale(), config.moduleDropout()));
    }

    private LokrMethod(
            int rank, int factor, boolean both, boolean effective, Form left, Form right, UpdateDropout dropout) {
        if (factor != -1) {
            FactorShapes.requireSizes("LoKr", 1, Map.of("decomposeFactor", factor));
        }
        this.rank = rank;
        this.factor = factor;
        this.both = both;
        this.effective = effective;
        this.left = left;
        this.right = right;
        this.dropout = dropout;
    }

    /** The variant of a saved network. */
    static LokrMethod of(MethodOptions options) {
        return new LokrMethod(
                1,
                options.integer("factor"),
                false,
                false,
                options.constant("left", Form.class),
                options.constant("right", Form.class),
                UpdateDropout.of(options));
    }

    @Override
    public MethodTraits traits() {
        return TRAITS.toBuilder()
                .variant("factor", factor)
                .variant("left", left)
                .variant("right", right)
                .updateDropout(dropout)
                .only(suffixes())
                .build();
    }

    @Override
    public AdapterMethod of(ModuleShape shape) {
        Split outputs = Split.of(shape.outputs(), factor);
        Split inputs = Split.of(shape.inputs(), factor);
        boolean window = shape.kernel().stream().anyMatch(size -> size > 1);
        boolean leftWhole = !both || 2L * rank >= Math.max(outputs.first, inputs.first);
        boolean rightWhole = 2L * rank >= Math.max(outputs.second, inputs.second);
        return new LokrMethod(
                rank,
                factor,
                both,
                effective,
                leftWhole ? Form.WHOLE : Form.PRODUCT,
                rightWhole ? Form.WHOLE : effective && window ? Form.TUCKER : Form.PRODUCT,
                dropout);
    }

    /** Two factors of a size, by PEFT's rule ({@code factorization}). */
    private record Split(long first, long second) {

        static Split of(long size, int wanted) {
            if (wanted > 0 && size % wanted == 0) {
                return new Split(wanted, size / wanted);
            }
            // The most even pair whose smaller part is within the limit: the largest divisor up to the root.
            long first = 1;
            for (long divisor = 2; divisor * divisor <= size && (wanted < 0 || divisor <= wanted); divisor++) {
                first = size % divisor == 0 ? divisor : first;
            }
            return new Split(first, size / first);
        }
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int ofRank) {
        boolean convolution =
                shape.kind() == ModuleShape.Kind.CONVOLUTION && shape.kernel().size() <= 2;
        if (!convolution && shape.kind() != ModuleShape.Kind.LINEAR || shape.isGrouped()) {
            throw new IllegalArgumentException("LoKr, module of shape " + shape
                    + ": this kind has no such update; expected a linear module or a convolution of one group over one or two"
                    + " axes. Exclude the module.");
        }
        if (ofRank < 1) {
            throw new IllegalArgumentException("LoKr, module of shape " + shape + ": rank = " + ofRank
                    + "; expected 1 or more. Set rank, or the entry of rankPattern that matches this module.");
        }
        Split outputs = Split.of(shape.outputs(), factor);
        Split inputs = Split.of(shape.inputs(), factor);
        Map<String, long[]> factors = new LinkedHashMap<>();
        if (left == Form.WHOLE) {
            factors.put(LEFT, new long[] {outputs.first, inputs.first});
        } else {
            factors.put(LEFT + "_a", new long[] {outputs.first, ofRank});
            factors.put(LEFT + "_b", new long[] {ofRank, inputs.first});
        }
        switch (right) {
            case WHOLE -> factors.put(RIGHT, shape.sized(outputs.second, inputs.second, false));
            case PRODUCT -> {
                factors.put(RIGHT + "_a", new long[] {outputs.second, ofRank});
                factors.put(RIGHT + "_b", new long[] {ofRank, inputs.second * shape.fanIn() / shape.inputs()});
            }
            case TUCKER -> {
                factors.put(CORE, TuckerForm.core(shape, ofRank));
                factors.put(RIGHT + "_a", new long[] {ofRank, outputs.second});
                factors.put(RIGHT + "_b", new long[] {ofRank, inputs.second});
            }
        }
        return factors;
    }

    private Set<String> suffixes() {
        Set<String> suffixes = new HashSet<>(TRAITS.allSuffixes());
        suffixes.removeAll(left == Form.WHOLE ? Set.of(LEFT + "_a", LEFT + "_b") : Set.of(LEFT));
        suffixes.removeAll(
                switch (right) {
                    case WHOLE -> Set.of(CORE, RIGHT + "_a", RIGHT + "_b");
                    case PRODUCT -> Set.of(RIGHT, CORE);
                    case TUCKER -> Set.of(RIGHT);
                });
        return suffixes;
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int ofRank) {
        List<String> problems = new ArrayList<>();
        Form leftFound = found.containsKey(LEFT) ? Form.WHOLE : Form.PRODUCT;
        Form rightFound = found.containsKey(RIGHT) ? Form.WHOLE : found.containsKey(CORE) ? Form.TUCKER : Form.PRODUCT;
        LokrMethod variant = new LokrMethod(ofRank, factor, both, effective, leftFound, rightFound, dropout);
        if (!variant.suffixes().equals(found.keySet())) {
            problems.add("found " + FactorShapes.text(found)
                    + ", expected " + LEFT + " or " + LEFT + "_a and " + LEFT + "_b, and " + RIGHT + " or " + RIGHT
                    + "_a and " + RIGHT + "_b, perhaps with " + CORE);
        }
        if (leftFound == Form.PRODUCT && !both) {
            problems.add("found no " + LEFT + ", but the config does not set decomposeBoth");
        }
        if (rightFound == Form.TUCKER && !effective) {
            problems.add("found " + CORE + ", but the config does not set effectiveConvolution");
        }
        new TreeMap<>(found).forEach((suffix, shape) -> {
            boolean whole = suffix.equals(LEFT) || suffix.equals(RIGHT);
            int axis = suffix.endsWith("_a") && !(suffix.startsWith(RIGHT) && rightFound == Form.TUCKER) ? 1 : 0;
            boolean fits = whole
                    ? shape.length >= 2
                    : suffix.equals(CORE)
                            ? shape.length >= 4 && shape[0] == ofRank && shape[1] == ofRank
                            : shape.length == 2 && shape[axis] == ofRank;
            if (!fits) {
                problems.add("found " + FactorShapes.text(Map.of(suffix, shape)) + ", expected "
                        + (whole
                                ? "two axes or more"
                                : "a size of " + ofRank + " (rank by the config) on axis " + axis
                                        + (rightFound == Form.PRODUCT ? " without " + CORE : "")));
            }
        });
        return problems;
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        Initialization rule = start.initialization();
        String zero = switch (rule) {
            case RANDOM -> "";
            case LYCORIS -> right == Form.WHOLE ? RIGHT : RIGHT + "_b";
            default -> left == Form.WHOLE ? LEFT : LEFT + "_a";
        };
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors(start.shape(), start.rank()).forEach((suffix, shape) -> {
            double bound = 1 / Math.sqrt(FactorShapes.length(shape) / (double) shape[0]);
            factors.put(
                    suffix,
                    suffix.equals(zero)
                            ? Nd4j.zeros(start.dataType(), shape)
                            : RandomStreams.uniform(start.random(), bound, start.dataType(), shape));
        });
        return factors;
    }

    // The products with L ⊗ I of the rank, forwards and backwards, against the gradient of a formed weight.
    @Override
    public Place place(ModuleShape shape, int ofRank) {
        long other = Split.of(shape.outputs(), factor).second * Split.of(shape.inputs(), factor).second;
        boolean thin = shape.kind() == ModuleShape.Kind.LINEAR && right == Form.PRODUCT && 3L * ofRank * ofRank < other;
        return thin ? Place.OUTPUT : Place.WEIGHT;
    }

    @Override
    public <A> A output(ModuleAlgebra<A> module, Factors<A> factors, A y) {
        return module.add(y, outputUpdate(module, factors, y));
    }

    @Override
    public <A> A outputUpdate(ModuleAlgebra<A> module, Factors<A> factors) {
        return outputUpdate(module, factors, module.withoutBias());
    }

    /** {@code (I ⊗ Ra) (L ⊗ I) (I ⊗ Rb) x}: of the outer ones a product with parts of the rows, as matrices of their own. */
    private <A> A outputUpdate(ModuleAlgebra<A> module, Factors<A> factors, A like) {
        A l = left(module, factors);
        A a = factors.get(RIGHT + "_a");
        A b = factors.get(RIGHT + "_b");
        long inner = module.size(a, 1);
        long first = Split.of(module.shape().outputs(), factor).first;
        long inputs = Split.of(module.shape().inputs(), factor).first;
        INDArray ofInputs = Nd4j.create(module.dataType(), inputs * inner, inputs);
        for (long i = 0; i < inputs * inner; i++) {
            ofInputs.putScalar(i, i / inner, 1);
        }
        INDArray ofOutputs = Nd4j.create(module.dataType(), first, first * inner);
        for (long i = 0; i < first * inner; i++) {
            ofOutputs.putScalar(i / inner, i, 1);
        }
        INDArray same = Nd4j.tile(Nd4j.eye(inner).castTo(module.dataType()), (int) inputs, (int) first);
        // L^T ⊗ I, every number repeated and all but the diagonals taken away: an outer product costs ten times as
        // much.
        A repeated = module.matrixProduct(
                module.matrixProduct(module.constant(ofInputs), module.permute(l, 1, 0)), module.constant(ofOutputs));
        A middle = module.multiply(repeated, module.constant(same));
        A parts = module.reshape(module.inputRows(factors.drop(module.input())), -1, module.size(b, 1));
        A down = module.reshape(module.matrixProduct(parts, module.permute(b, 1, 0)), -1, inputs * inner);
        A mixed = module.matrixProduct(down, middle);
        A up = module.matrixProduct(module.reshape(mixed, -1, inner), module.permute(a, 1, 0));
        A update = module.fromOutputRows(module.reshape(up, -1, module.shape().outputs()), like);
        return UpdateDropout.ofOutput(module, factors, update);
    }

    /** L with the scale, as it is mostly the smaller one. */
    private <A> A left(WeightAlgebra<A> module, Factors<A> factors) {
        A l = left == Form.WHOLE
                ? factors.get(LEFT)
                : module.matrixProduct(factors.get(LEFT + "_a"), factors.get(LEFT + "_b"));
        return module.scale(l, factors.scaling());
    }

    @Override
    public <A> A weightUpdate(WeightAlgebra<A> module, Factors<A> factors) {
        ModuleShape shape = module.shape();
        Split outputs = Split.of(shape.outputs(), factor);
        Split inputs = Split.of(shape.inputs(), factor);
        long window = shape.fanIn() / shape.inputs();
        A scaled = left(module, factors);
        A r = switch (right) {
            case WHOLE -> factors.get(RIGHT);
            case PRODUCT -> module.matrixProduct(factors.get(RIGHT + "_a"), factors.get(RIGHT + "_b"));
            case TUCKER ->
                TuckerForm.product(
                        module,
                        factors.get(CORE),
                        factors.get(RIGHT + "_a"),
                        factors.get(RIGHT + "_b"),
                        outputs.second,
                        inputs.second);
        };
        A each = module.matrixProduct(
                module.reshape(scaled, outputs.first * inputs.first, 1),
                module.reshape(r, 1, outputs.second * inputs.second * window));
        boolean leading = right == Form.WHOLE && shape.kernel().size() == 1;
        A ordered = leading
                ? module.permute(
                        module.reshape(each, outputs.first, inputs.first, outputs.second, inputs.second, window),
                        2,
                        0,
                        3,
                        1,
                        4)
                : module.permute(
                        module.reshape(each, outputs.first, inputs.first, outputs.second, inputs.second * window),
                        0,
                        2,
                        1,
                        3);
        return UpdateDropout.ofWeight(
                module, factors, module.asWeight(module.reshape(ordered, shape.outputs(), shape.fanIn())));
    }
}
