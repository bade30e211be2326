/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * The functions between linear modules: what they compute, their classes in PyTorch, and their names in Transformers' {@code
 * ACT2FN}.
 *
 * @apiNote Status: internal
 */
public enum EncoderActivation {
    /** {@code x}. */
    IDENTITY("linear.Identity", (x, name) -> x.getSameDiff().identity(name, x)),
    /** The hyperbolic tangent. */
    TANH("activation.Tanh", (x, name) -> x.getSameDiff().math().tanh(name, x)),
    /** {@code max(x, 0)}. */
    RELU("activation.ReLU", (x, name) -> x.getSameDiff().nn().relu(name, x, 0.0)),
    /** The exact Gaussian error linear unit {@code x Phi(x)} (Hendrycks and Gimpel 2016, arXiv:1606.08415). */
    GELU("activation.GELU", EncoderActivation::gelu),
    /** The approximation {@code x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))} of the same paper. */
    GELU_NEW(null, EncoderActivation::geluTanh),
    /** The approximation {@code x sigmoid(1.702 x)} of the same paper. */
    QUICK_GELU(null, EncoderActivation::quickGelu),
    /** {@code x sigmoid(x)} (Elfwing et al. 2017, arXiv:1702.03118). */
    SILU("activation.SiLU", EncoderActivation::silu),
    /** {@code 1 / (1 + exp(-x))}. */
    SIGMOID("activation.Sigmoid", (x, name) -> x.getSameDiff().nn().sigmoid(name, x));

    /** Names in one line compute the same up to rounding. */
    private static final Map<String, EncoderActivation> BY_NAME = new TreeMap<>(Map.ofEntries(
            Map.entry("gelu", GELU),
            Map.entry("gelu_python", GELU),
            Map.entry("gelu_new", GELU_NEW),
            Map.entry("gelu_pytorch_tanh", GELU_NEW),
            Map.entry("gelu_fast", GELU_NEW),
            Map.entry("gelu_accurate", GELU_NEW),
            Map.entry("quick_gelu", QUICK_GELU),
            Map.entry("silu", SILU),
            Map.entry("swish", SILU),
            Map.entry("relu", RELU),
            Map.entry("tanh", TANH),
            Map.entry("sigmoid", SIGMOID)));

    private static final String TORCH = "torch.nn.modules.";

    private final String torchClass;
    private final BiFunction<SDVariable, String, SDVariable> builder;

    EncoderActivation(String torchClass, BiFunction<SDVariable, String, SDVariable> builder) {
        this.torchClass = torchClass;
        this.builder = builder;
    }

    /** The function of a name. */
    public static Optional<EncoderActivation> named(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }

    /** All names, in the order of the alphabet. */
    public static Collection<String> names() {
        return BY_NAME.keySet();
    }

    /** The function of a class such as {@code torch.nn.modules.activation.Tanh}, from whatever package of PyTorch it was named. */
    public static Optional<EncoderActivation> ofTorch(Object name) {
        return name instanceof String text && text.startsWith("torch.nn.")
                ? withClasses()
                        .filter(each -> each.shortClass().equals(last(text)))
                        .findFirst()
                : Optional.empty();
    }

    /** The class of PyTorch that computes it, as sentence-transformers writes it; empty if PyTorch makes it with an argument. */
    public Optional<String> torchName() {
        return Optional.ofNullable(torchClass).map(TORCH::concat);
    }

    /** What to say of a class that is none of PyTorch's here. */
    public static String unknownTorch(Object name) {
        String found = String.valueOf(name);
        List<String> known = withClasses().map(EncoderActivation::shortClass).toList();
        return MessageText.name(found) + ", expected one of torch.nn's " + Problems.quoted(known)
                + ClosestNames.hint(last(found), known);
    }

    private static Stream<EncoderActivation> withClasses() {
        return Arrays.stream(values()).filter(each -> each.torchClass != null);
    }

    private String shortClass() {
        return last(torchClass);
    }

    private static String last(String path) {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    /** The name that configs have for it most often. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Appends the function to the graph of {@code x}.
     *
     * @param x the input, of any shape
     * @param name name of the result; intermediate variables are named {@code name + "_..."}
     * @return the result, of the shape of {@code x}
     */
    public SDVariable apply(SDVariable x, String name) {
        return builder.apply(x, name);
    }

    private static SDVariable gelu(SDVariable x, String name) {
        // ND4J's gelu is the sigmoid approximation and its precise_gelu is wrong: 0.8314 at 1, exact is 0.8413.
        SameDiff sd = x.getSameDiff();
        SDVariable erf = sd.math().erf(name + "_erf", x.mul(name + "_scaled", Math.sqrt(0.5)));
        return x.mul(name + "_product", erf.add(name + "_shifted", 1.0)).mul(name, 0.5);
    }

    private static SDVariable geluTanh(SDVariable x, String name) {
        SameDiff sd = x.getSameDiff();
        SDVariable factor =
                x.mul(name + "_square", x).mul(name + "_cubic", 0.044715).add(name + "_factor", 1.0);
        SDVariable inner = x.mul(name + "_inner", factor).mul(name + "_scaled", Math.sqrt(2 / Math.PI));
        SDVariable tanh = sd.math().tanh(name + "_tanh", inner);
        return x.mul(name + "_product", tanh.add(name + "_shifted", 1.0)).mul(name, 0.5);
    }

    private static SDVariable quickGelu(SDVariable x, String name) {
        return x.mul(name, x.getSameDiff().nn().sigmoid(name + "_sigmoid", x.mul(name + "_scaled", 1.702)));
    }

    private static SDVariable silu(SDVariable x, String name) {
        return x.mul(name, x.getSameDiff().nn().sigmoid(name + "_sigmoid", x));
    }
}
