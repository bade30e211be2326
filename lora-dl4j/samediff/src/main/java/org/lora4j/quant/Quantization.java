/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.graph.GraphCopy;
import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * Stores frozen weights of a SameDiff graph in fewer bits: QLoRA's idea.
 *
 * <pre>{@code
 * QuantizedGraph small = Quantization.int8().consume(base, name -> name.startsWith("encoder."));
 * AdaptedSameDiff model = Lora.inject(small.graph(), config, seed);   // train, save and load adapters as ever
 * }</pre>
 *
 * <p>Candidates are FLOAT matrices that ops {@code matmul} read on their right-hand side, and tables whose rows ops
 * {@code gather} look up; both at once is a tied head. A weight keeps its name and
 * becomes a variable that stock ops compute, so modules keep their paths and adapters fit both graphs. Executors with kernels
 * (those that train, and those of {@code AdapterServer}) multiply from the stored form, through a buffer of one
 * piece of a weight, and read no more rows of a table than are looked up; the stock session computes each weight when it needs it.
 *
 * @apiNote Status: experimental
 */
public final class Quantization {

    private final String name;
    private final BiFunction<INDArray, Integer, StoredWeight> quantize;
    private final Predicate<INDArray> fits;
    private final float limit;

    private Quantization(
            String name, BiFunction<INDArray, Integer, StoredWeight> quantize, Predicate<INDArray> fits, float limit) {
        this.name = name;
        this.quantize = quantize;
        this.fits = fits;
        this.limit = limit;
    }

    /**
     * 16 bits with the exponent of F32, bfloat16: {@link HalfPrecision}. No value is off by more than 1 part in 256.
     *
     * @return the way
     */
    public static Quantization bf16() {
        return halfPrecision("BF16", DataType.BFLOAT16);
    }

    /**
     * 16 bits with a narrower exponent, IEEE 754 half: {@link HalfPrecision}. No value is off by more than 1 part in 2048, but
     * those below 6e-5, which have fewer digits; magnitudes from 65520 on are refused.
     *
     * @return the way
     */
    public static Quantization f16() {
        return halfPrecision("F16", DataType.FLOAT16);
    }

    private static Quantization halfPrecision(String name, DataType type) {
        return new Quantization(
                name, (weight, axis) -> HalfPrecision.of(weight, type), weight -> true, HalfPrecision.limit(type));
    }

    /**
     * 8 bits and a scale for each output: {@link Int8}.
     *
     * @return the way
     */
    public static Quantization int8() {
        return new Quantization("INT8", Int8::of, weight -> true, Float.POSITIVE_INFINITY);
    }

    /**
     * 4 bits and a scale for each 64 values: {@link Nf4}.
     *
     * @return the way
     */
    public static Quantization nf4() {
        return nf4("NF4", false);
    }

    /**
     * As {@link #nf4()}, the scales in 8 bits.
     *
     * @return the way
     */
    public static Quantization nf4DoubleQuantized() {
        return nf4("NF4, double quantized", true);
    }

    private static Quantization nf4(String name, boolean twice) {
        return new Quantization(name, (weight, axis) -> Nf4.of(weight, twice), Nf4::fits, Float.POSITIVE_INFINITY);
    }

    /**
     * Makes a graph with stored weights.
     *
     * @param base a graph, only read
     * @param weights which weights, by name; leave out what is to be trained fully, such as a head
     * @return a new graph that shares all other arrays with the base, and what was done
     * @throws IllegalArgumentException if no weight is chosen, a chosen name is read in a way that a stored weight cannot be,
     *     or a value is NaN or infinite; the message lists the weights
     */
    public QuantizedGraph apply(SameDiff base, Predicate<String> weights) {
        return quantized(base, weights, false);
    }

    /**
     * As {@link #apply}, closing the array of each chosen weight as soon as it is stored: memory never holds both. The base,
     * and every graph that shares these arrays, cannot be used any more.
     *
     * @param base a graph that is given up
     * @param weights which weights, by name
     * @return a new graph that shares all other arrays with the base, and what was done
     * @throws IllegalArgumentException as {@link #apply}
     */
    public QuantizedGraph consume(SameDiff base, Predicate<String> weights) {
        return quantized(base, weights, true);
    }

    private QuantizedGraph quantized(SameDiff base, Predicate<String> chosen, boolean close) {
        Map<String, Integer> axes = candidates(base, chosen);
        if (close) {
            // Nothing is closed before everything is known to go well.
            axes.keySet()
                    .forEach(weight -> Weights.require(
                            "Quantization, weight \"" + weight + "\"",
                            base.getVariable(weight).getArr(),
                            limit));
        }
        Map<String, StoredWeight> stored = new LinkedHashMap<>();
        List<QuantizedGraph.Entry> entries = new ArrayList<>();
        axes.forEach((weight, axis) -> {
            INDArray array = base.getVariable(weight).getArr();
            StoredWeight one;
            try {
                one = quantize.apply(array, axis);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "Quantization, weight " + MessageText.name(weight) + ": " + e.getMessage(), e);
            }
            stored.put(weight, one);
            entries.add(QuantizedGraph.Entry.of(weight, array, one));
            if (close && array.closeable()) {
                array.close();
            }
        });
        GraphCopy copy = GraphCopy.of(base);
        stored.forEach((weight, one) -> copy.computed(weight, graph -> StoredWeights.spell(graph, weight, one)));
        return new QuantizedGraph(copy.build(), name, List.copyOf(entries));
    }

    /** The chosen weights, and which axis of each belongs to the outputs. */
    private Map<String, Integer> candidates(SameDiff base, Predicate<String> chosen) {
        Map<String, Integer> axes = new LinkedHashMap<>();
        Problems problems = new Problems();
        for (SDVariable leaf : base.variables()) {
            boolean isLeaf =
                    leaf.getVariableType() == VariableType.CONSTANT || leaf.getVariableType() == VariableType.VARIABLE;
            INDArray array = isLeaf && leaf.dataType() == DataType.FLOAT ? leaf.getArr() : null;
            // Biases, gains and scalars go by the same names as their weights.
            if (array == null || array.rank() != 2 || !chosen.test(leaf.name())) {
                continue;
            }
            String problem = problem(base, leaf.name(), array);
            if (problem == null) {
                SameDiffOp reader = base.getOps()
                        .get(GraphOrder.consumers(base, leaf.name()).get(0));
                axes.put(leaf.name(), StoredWeights.isLookup(reader, leaf.name()) || transposes(reader) ? 0 : 1);
            } else {
                problems.add("\"" + leaf.name() + "\" " + problem);
            }
        }
        problems.check(
                !problems.isEmpty() || !axes.isEmpty(),
                "no FLOAT matrix is chosen; expected names of weights such as those of Lora.modules(graph)");
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    problems.message("Quantization to " + name)
                            + ". Choose weights that matmul alone reads, as its right-hand side, or gather, as its table of rows.");
        }
        return axes;
    }

    private String problem(SameDiff base, String weight, INDArray array) {
        List<String> readers = GraphOrder.consumers(base, weight);
        if (readers.isEmpty()) {
            return "is read by no op";
        }
        for (String reader : readers) {
            SameDiffOp op = base.getOps().get(reader);
            List<String> inputs = GraphOrder.inputs(op);
            boolean right = op.getOp().opName().equals("matmul")
                    && inputs.get(1).equals(weight)
                    && !inputs.get(0).equals(weight);
            if (!right && !StoredWeights.isLookup(op, weight)) {
                return "is read by op \"" + reader + "\" (" + op.getOp().opName() + ")";
            }
        }
        Optional<String> taken = StoredWeights.leafNames(weight).stream()
                .filter(base::hasVariable)
                .findFirst();
        if (taken.isPresent()) {
            return "needs the name \"" + taken.get() + "\", which another variable has";
        }
        return fits.test(array) ? null : "has " + array.length() + " values, no multiple of " + Nf4.BLOCK;
    }

    private static boolean transposes(SameDiffOp product) {
        long[] arguments = ((DynamicCustomOp) product.getOp()).iArgs();
        return arguments.length > 1 && arguments[1] != 0;
    }

    @Override
    public String toString() {
        return name;
    }
}
