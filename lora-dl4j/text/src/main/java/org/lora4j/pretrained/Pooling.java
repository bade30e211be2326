/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.internal.encoder.EncoderActivation;
import org.lora4j.internal.format.file.Sha256;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How the hidden states of a sequence become one vector: modes, whose vectors are joined in their order, then steps, one after the
 * other.
 *
 * <pre>{@code
 * Pooling pooling = Pooling.of(Pooling.Mode.CLS, Pooling.Mode.MEAN).normalized();
 * Pooling shorter = Pooling.NORMALIZED_MEAN.truncated(128);
 * }</pre>
 *
 * <p>It is what the modules of sentence-transformers behind the transformer are: {@code Pooling}, {@code Dense}, {@code Normalize}.
 *
 * <p><b>State.</b> Immutable; arrays of steps are live and must not be written to. Two are equal if their {@link #name} is.
 *
 * @apiNote Status: stable
 */
public final class Pooling {

    /**
     * What is taken of the hidden states of a sequence.
     *
     * @apiNote Status: stable
     */
    public enum Mode {
        /** The hidden state of the first token. */
        CLS,
        /** The largest value of each feature over the tokens that the attention mask keeps. */
        MAX,
        /**
         * The mean over the tokens that the attention mask keeps, as sentence encoders do (Reimers and Gurevych 2019,
         * arXiv:1908.10084, section 3). A sequence without any kept token gives zeros.
         */
        MEAN,
        /** Their sum, divided by the square root of their number. */
        MEAN_SQRT_LENGTH,
        /** Their mean, in which the token at position {@code i} from 1 counts {@code i} times (Muennighoff 2022, arXiv:2202.08904). */
        WEIGHTED_MEAN,
        /** The hidden state of the last token that the attention mask keeps: what decoders as encoders give. */
        LAST_TOKEN,
        /**
         * The pooler of the encoder: a trained linear module over the hidden state of the first token, then tanh (Devlin et al. 2018,
         * arXiv:1810.04805, whose code trains it with the next sentence task). Needs weights that have one, see {@link
         * EncoderWeights#hasPooler}.
         */
        POOLER
    }

    /**
     * A function of each number by itself.
     *
     * @apiNote Status: stable
     */
    public enum Function {
        /** {@code x}. */
        IDENTITY,
        /** The hyperbolic tangent. */
        TANH,
        /** {@code max(x, 0)}. */
        RELU,
        /** The exact Gaussian error linear unit {@code x * Phi(x)}. */
        GELU,
        /** Its approximation by tanh. */
        GELU_NEW,
        /** Its approximation {@code x * sigmoid(1.702 x)}. */
        QUICK_GELU,
        /** {@code x * sigmoid(x)}. */
        SILU,
        /** {@code 1 / (1 + exp(-x))}. */
        SIGMOID;

        /**
         * The class of PyTorch that computes it, as sentence-transformers writes it.
         *
         * @return such as {@code torch.nn.modules.activation.Tanh}; empty if PyTorch makes it with an argument
         */
        public Optional<String> torchName() {
            return computed().torchName();
        }

        /** The row of the table of functions. */
        EncoderActivation computed() {
            return EncoderActivation.valueOf(name());
        }

        static Function of(EncoderActivation computed) {
            return valueOf(computed.name());
        }

        static Optional<Function> ofTorch(Object className) {
            return EncoderActivation.ofTorch(className).map(Function::of);
        }
    }

    /**
     * What is done with vectors, row by row.
     *
     * @apiNote Status: stable
     */
    public sealed interface Step permits Linear, Activation, LayerNorm, Normalization, First {

        /**
         * The length of its results.
         *
         * @param inputs the length of the vectors that it gets
         * @return 1 or more
         * @throws IllegalArgumentException if it takes no vectors of this length
         */
        default int dimension(int inputs) {
            return inputs;
        }

        /**
         * The arrays of the step.
         *
         * @return live arrays by Python's names; none by default
         */
        default Map<String, INDArray> tensors() {
            return Map.of();
        }

        /**
         * The step as text, arrays by their hash.
         *
         * @return equal for equal steps alone
         */
        String name();
    }

    /** The mean, as sentence encoders do. */
    public static final Pooling MEAN = of(Mode.MEAN);

    /**
     * {@link #MEAN}, divided by its Euclidean length: what sentence encoders give that end in the module {@code Normalize},
     * such as all-MiniLM-L6-v2. A head on it needs a larger learning rate than one on {@link #MEAN}, as its inputs are
     * smaller.
     */
    public static final Pooling NORMALIZED_MEAN = MEAN.normalized();

    /** The hidden state of the first token. */
    public static final Pooling CLS = of(Mode.CLS);

    /** {@link #CLS}, divided by its Euclidean length: what the BGE models give. */
    public static final Pooling NORMALIZED_CLS = CLS.normalized();

    /** The pooler of the encoder, see {@link Mode#POOLER}. */
    public static final Pooling POOLER = of(Mode.POOLER);

    private static final String JOIN = "+";
    private static final String THEN = " > ";
    private static final String WITHOUT_PROMPT = "WITHOUT_PROMPT";
    private static final String PASSING_OVER = "PASSING_OVER ";
    private static final String NORMALIZED = "NORMALIZED_";
    private static final String FIRST = "FIRST ";
    private static final int HASH = 16;

    private final List<Mode> modes;
    private final List<Step> steps;
    private final boolean includesPrompt;
    private final OptionalInt passedOver;
    private final String name;

    /**
     * A linear module: {@code x W + b}.
     *
     * @param module its path, as the Python class names it
     * @param weight {@code [in, out]}, the transpose of PyTorch's
     * @param bias {@code [out]}, or null if there is none
     * @apiNote Status: stable
     */
    public record Linear(String module, INDArray weight, INDArray bias) implements Step {

        /**
         * Checks the shapes.
         *
         * @param module as in the record
         * @param weight as in the record
         * @param bias as in the record
         * @throws IllegalArgumentException if the weight is no matrix, or the bias has not one number for each output
         */
        public Linear {
            Arguments.required(module, "Pooling.Linear: module", "the path of a module");
            Arguments.required(weight, "Pooling.Linear: weight", "a matrix");
            boolean fits = weight.rank() == 2 && (bias == null || bias.rank() == 1 && bias.length() == weight.size(1));
            if (!fits) {
                throw new IllegalArgumentException(
                        "Pooling.Linear: module " + MessageText.name(module) + " has a weight "
                                + Arrays.toString(weight.shape()) + " and a bias "
                                + (bias == null ? "of none" : Arrays.toString(bias.shape()))
                                + "; expected [in, out] and [out], or no bias.");
            }
        }

        /**
         * The length of its input.
         *
         * @return 1 or more
         */
        public int inputs() {
            return Math.toIntExact(weight.size(0));
        }

        /**
         * The length of its result.
         *
         * @return 1 or more
         */
        public int outputs() {
            return Math.toIntExact(weight.size(1));
        }

        @Override
        public int dimension(int inputs) {
            requireInputs("the linear module", module, inputs(), inputs);
            return outputs();
        }

        @Override
        public Map<String, INDArray> tensors() {
            return parameters(module, weight, bias);
        }

        @Override
        public String name() {
            return "LINEAR " + module + " " + inputs() + "x" + outputs() + " " + hash(weight, bias);
        }
    }

    /**
     * A function of each number.
     *
     * @param function which one
     * @apiNote Status: stable
     */
    public record Activation(Function function) implements Step {

        /**
         * Checks that there is one.
         *
         * @param function as in the record
         */
        public Activation {
            Arguments.required(function, "Pooling.Activation: function", "a Pooling.Function");
        }

        @Override
        public String name() {
            return function.name();
        }
    }

    /**
     * A layer norm with a gain: less the mean, divided by the deviation, times the gain, plus the bias.
     *
     * @param module its path, as the Python class names it
     * @param gain {@code [features]}
     * @param bias {@code [features]}, or null if there is none
     * @param epsilon what is added to the variance
     * @apiNote Status: stable
     */
    public record LayerNorm(String module, INDArray gain, INDArray bias, double epsilon) implements Step {

        /**
         * Checks that there is a gain.
         *
         * @param module as in the record
         * @param gain as in the record
         * @param bias as in the record
         * @param epsilon as in the record
         */
        public LayerNorm {
            Arguments.required(module, "Pooling.LayerNorm: module", "the path of a module");
            Arguments.required(gain, "Pooling.LayerNorm: gain", "a vector");
        }

        @Override
        public int dimension(int inputs) {
            requireInputs("the layer norm", module, Math.toIntExact(gain.length()), inputs);
            return inputs;
        }

        @Override
        public Map<String, INDArray> tensors() {
            return parameters(module, gain, bias);
        }

        @Override
        public String name() {
            return "LAYER_NORM " + module + " " + epsilon + " " + hash(gain, bias);
        }
    }

    /**
     * Division by the Euclidean length. A vector of zeros stays zero.
     *
     * @apiNote Status: stable
     */
    public record Normalization() implements Step {

        @Override
        public String name() {
            return "NORMALIZE";
        }
    }

    /**
     * The first numbers of a vector alone.
     *
     * @param dimensions how many, 1 or more
     * @apiNote Status: stable
     */
    public record First(int dimensions) implements Step {

        /**
         * Checks the number.
         *
         * @param dimensions as in the record
         * @throws IllegalArgumentException if it is below 1
         */
        public First {
            if (dimensions < 1) {
                throw new IllegalArgumentException("Pooling: dimensions = " + dimensions + "; expected 1 or more.");
            }
        }

        @Override
        public int dimension(int inputs) {
            if (dimensions > inputs) {
                throw new IllegalArgumentException("Pooling: dimensions = " + dimensions + "; expected at most "
                        + inputs + ", the length of the vectors.");
            }
            return dimensions;
        }

        @Override
        public String name() {
            return FIRST + dimensions;
        }
    }

    private Pooling(List<Mode> modes, List<Step> steps, boolean includesPrompt, OptionalInt passedOver) {
        this.modes = List.copyOf(modes);
        this.steps = List.copyOf(steps);
        this.includesPrompt = includesPrompt;
        this.passedOver = passedOver;
        this.name = text();
    }

    /**
     * A pooling without steps.
     *
     * @param modes one or more; the vectors of several are joined in this order
     * @return the pooling
     * @throws IllegalArgumentException if there is none, or one is there twice
     */
    public static Pooling of(Mode... modes) {
        return of(List.of(Arguments.required(modes, "Pooling.of: modes", "one mode or more")));
    }

    /**
     * A pooling without steps.
     *
     * @param modes one or more; the vectors of several are joined in this order
     * @return the pooling
     * @throws IllegalArgumentException if there is none, or one is there twice
     */
    public static Pooling of(List<Mode> modes) {
        Arguments.allRequired(modes, "Pooling.of: modes", "a Pooling.Mode");
        if (modes.isEmpty() || new LinkedHashSet<>(modes).size() < modes.size()) {
            throw new IllegalArgumentException(
                    "Pooling.of: modes = " + modes + "; expected one or more, each of them once.");
        }
        return new Pooling(modes, List.of(), true, OptionalInt.empty());
    }

    /**
     * Reads how a directory of sentence-transformers makes vectors: {@code modules.json} and the configs and weights of the modules behind
     * the transformer.
     *
     * @param directory the directory
     * @return empty if it has no {@code modules.json}
     * @throws org.lora4j.error.ModelFormatException if a file is damaged, a path leads out of the directory, or a module is of a type or
     *     has a function that is not known; the message lists every problem
     * @throws IOException if a file is missing or cannot be read
     */
    public static Optional<Pooling> load(Path directory) throws IOException {
        return PoolingFiles.read(Arguments.required(directory, "Pooling.load: directory", "a directory of a model"));
    }

    /**
     * The same with further steps.
     *
     * @param more the steps
     * @return a new pooling
     */
    public Pooling then(Step... more) {
        return then(List.of(Arguments.required(more, "Pooling.then: more", "steps")));
    }

    /**
     * The same with further steps.
     *
     * @param more the steps
     * @return a new pooling
     */
    public Pooling then(List<? extends Step> more) {
        Arguments.allRequired(more, "Pooling.then: more", "a Pooling.Step");
        List<Step> all = new ArrayList<>(steps);
        all.addAll(more);
        return new Pooling(modes, all, includesPrompt, passedOver);
    }

    /** The same with other steps. */
    Pooling withSteps(List<Step> others) {
        return new Pooling(modes, others, includesPrompt, passedOver);
    }

    /**
     * The same, divided by its Euclidean length in the end.
     *
     * @return a new pooling; this one if it ends so
     */
    public Pooling normalized() {
        return isNormalized() ? this : then(new Normalization());
    }

    /**
     * The same, of which only the first numbers are kept: for encoders that were trained so that these say the most (Kusupati et al.
     * 2022, Matryoshka representation learning, arXiv:2205.13147). Vectors of length one are divided by their length again.
     *
     * @param dimensions how many, 1 or more
     * @return a new pooling
     * @throws IllegalArgumentException if there are less than 1
     */
    public Pooling truncated(int dimensions) {
        Pooling cut = then(new First(dimensions));
        return isNormalized() ? cut.normalized() : cut;
    }

    /**
     * The same, in which the tokens of a prompt are read but no part of the vector, as in the INSTRUCTOR models ({@code
     * include_prompt} of sentence-transformers).
     *
     * @return a new pooling
     */
    public Pooling withoutPrompt() {
        return new Pooling(modes, steps, false, passedOver);
    }

    /**
     * The same, in which the last token is the last one that has another id: decoders with a head for sequences take the id that they are
     * padded with for no token, wherever it stands. Of a text of such tokens alone the first is taken.
     *
     * @param id the id, 0 or more
     * @return a new pooling
     * @throws IllegalArgumentException if the id is negative, or no mode is {@link Mode#LAST_TOKEN}
     */
    public Pooling passingOver(int id) {
        if (id < 0 || !modes.contains(Mode.LAST_TOKEN)) {
            throw new IllegalArgumentException("Pooling.passingOver: id = " + id + " of " + modes
                    + "; expected 0 or more, and a pooling with " + Mode.LAST_TOKEN + ".");
        }
        return new Pooling(modes, steps, includesPrompt, OptionalInt.of(id));
    }

    /**
     * The id that {@link Mode#LAST_TOKEN} passes over.
     *
     * @return empty unless {@link #passingOver} was called
     */
    public OptionalInt passedOver() {
        return passedOver;
    }

    /**
     * What is taken of the hidden states.
     *
     * @return one or more; their vectors are joined in this order
     */
    public List<Mode> modes() {
        return modes;
    }

    /**
     * What is done then.
     *
     * @return the steps in their order, perhaps none
     */
    public List<Step> steps() {
        return steps;
    }

    /**
     * The linear modules among the steps.
     *
     * @return in their order
     */
    public List<Linear> linears() {
        return steps.stream()
                .filter(Linear.class::isInstance)
                .map(Linear.class::cast)
                .toList();
    }

    /**
     * The arrays of the steps.
     *
     * @return live arrays by Python's names, weights of linear modules {@code [in, out]}
     */
    public Map<String, INDArray> tensors() {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        steps.forEach(step -> tensors.putAll(step.tensors()));
        return Collections.unmodifiableMap(tensors);
    }

    /**
     * Appends the steps alone to a graph.
     *
     * @param rows vectors, {@code [rows, features]}
     * @param result name of what comes out
     * @return the result; {@code rows} if nothing is computed
     */
    public SDVariable appendSteps(SDVariable rows, String result) {
        return new PoolingGraph(rows.getSameDiff(), rows.dataType()).steps(rows, steps, result);
    }

    /**
     * Whether the tokens of a prompt are part of the vector.
     *
     * @return true unless {@link #withoutPrompt} was called
     */
    public boolean includesPrompt() {
        return includesPrompt;
    }

    /**
     * Whether vectors are divided by their length in the end.
     *
     * @return true if the last step is a {@link Normalization}
     */
    public boolean isNormalized() {
        return !steps.isEmpty() && steps.get(steps.size() - 1) instanceof Normalization;
    }

    /**
     * The length of the vectors.
     *
     * @param hidden the width of the hidden states
     * @return 1 or more
     * @throws IllegalArgumentException if a step does not take the vectors of the one before it
     */
    public int dimension(int hidden) {
        int width = modes.size() * hidden;
        for (Step step : steps) {
            width = step.dimension(width);
        }
        return width;
    }

    /**
     * The pooling as text: {@code NORMALIZED_MEAN}, {@code CLS+MAX > LINEAR 2_Dense.linear 64x32 1f0a... > TANH}. Arrays are told by a
     * hash.
     *
     * @return the text, from which {@link #valueOf} and {@link #named} make the pooling again
     */
    public String name() {
        return name;
    }

    private String text() {
        StringBuilder text = new StringBuilder();
        if (steps.size() == 1 && isNormalized() && includesPrompt && passedOver.isEmpty() && modes.size() == 1) {
            return NORMALIZED + modes.get(0);
        }
        text.append(modes.stream().map(Mode::name).collect(Collectors.joining(JOIN)));
        if (!includesPrompt) {
            text.append(THEN).append(WITHOUT_PROMPT);
        }
        passedOver.ifPresent(id -> text.append(THEN).append(PASSING_OVER).append(id));
        steps.forEach(step -> text.append(THEN).append(step.name()));
        return text.toString();
    }

    /**
     * A pooling without arrays, from its name.
     *
     * @param name what {@link #name} gave
     * @return the pooling
     * @throws IllegalArgumentException if the name is none, or has steps with arrays, for which {@link #named} is
     */
    public static Pooling valueOf(String name) {
        return read(name, Map.of());
    }

    /**
     * The pooling of a name; arrays are taken from the steps of this one.
     *
     * @param name what {@link #name} gave
     * @return the pooling
     * @throws IllegalArgumentException if the name is none, or has steps with arrays that this one does not have
     */
    public Pooling named(String name) {
        Map<String, Step> known = new LinkedHashMap<>();
        steps.forEach(step -> known.put(step.name(), step));
        return read(name, known);
    }

    private static Pooling read(String name, Map<String, Step> known) {
        Arguments.required(name, "Pooling.valueOf: name", "the name of a pooling");
        String[] parts = name.split(THEN, -1);
        boolean isShort = parts.length == 1 && name.startsWith(NORMALIZED);
        String[] modes = (isShort ? name.substring(NORMALIZED.length()) : parts[0]).split("\\" + JOIN, -1);
        List<Step> steps = new ArrayList<>();
        boolean prompt = true;
        OptionalInt passed = OptionalInt.empty();
        for (int i = 1; i < parts.length; i++) {
            if (i == 1 && parts[i].equals(WITHOUT_PROMPT)) {
                prompt = false;
            } else if (steps.isEmpty() && passed.isEmpty() && parts[i].matches(PASSING_OVER + "\\d{1,9}")) {
                passed = OptionalInt.of(Integer.parseInt(parts[i].substring(PASSING_OVER.length())));
            } else {
                steps.add(step(parts[i], known).orElseThrow(() -> unknown(name)));
            }
        }
        try {
            Pooling read = of(Arrays.stream(modes).map(Mode::valueOf).toList()).then(steps);
            Pooling ended = isShort ? read.normalized() : read;
            Pooling passing = passed.isPresent() ? ended.passingOver(passed.getAsInt()) : ended;
            return prompt ? passing : passing.withoutPrompt();
        } catch (IllegalArgumentException e) {
            throw unknown(name);
        }
    }

    private static Optional<Step> step(String text, Map<String, Step> known) {
        Step own = known.get(text);
        if (own != null) {
            return Optional.of(own);
        }
        Step normalization = new Normalization();
        if (text.equals(normalization.name())) {
            return Optional.of(normalization);
        }
        if (text.matches(FIRST + "[1-9]\\d{0,8}")) {
            return Optional.of(new First(Integer.parseInt(text.substring(FIRST.length()))));
        }
        return Arrays.stream(Function.values())
                .filter(function -> function.name().equals(text))
                .<Step>map(Activation::new)
                .findFirst();
    }

    private static IllegalArgumentException unknown(String name) {
        return new IllegalArgumentException("Pooling.valueOf: no pooling is called " + MessageText.name(name)
                + "; expected modes of " + Arrays.toString(Mode.values()) + " joined by \"" + JOIN
                + "\", then steps, such as NORMALIZED_MEAN or CLS+MAX > NORMALIZE. Steps with weights are found in the encoder that"
                + " they belong to.");
    }

    private static void requireInputs(String what, String module, int expected, int found) {
        if (expected != found) {
            throw new IllegalArgumentException(
                    "Pooling: " + what + " " + MessageText.name(module) + " takes vectors of length " + expected
                            + "; expected " + found + ", the length of those before it.");
        }
    }

    private static Map<String, INDArray> parameters(String module, INDArray weight, INDArray bias) {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        tensors.put(module + ".weight", weight);
        if (bias != null) {
            tensors.put(module + ".bias", bias);
        }
        return tensors;
    }

    private static String hash(INDArray first, INDArray second) {
        long length = first.length() + (second == null ? 0 : second.length());
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(length * Float.BYTES));
        for (INDArray array : second == null ? List.of(first) : List.of(first, second)) {
            for (float value : array.ravel().toFloatVector()) {
                bytes.putFloat(value);
            }
        }
        return Sha256.of(bytes.array()).substring(0, HASH);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Pooling that && name.equals(that.name);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return name;
    }
}
