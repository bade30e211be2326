/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.io.TensorHash;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Whether a graph that was written is the one in memory: it has the same ops and the same leaves in every bit, and computes the same of
 * inputs from a fixed seed. A graph that does not take the inputs that are made up for it, or that draws random numbers, is compared by
 * ops and leaves alone.
 */
final class GraphProbe {

    private static final long SEED = 20261201;
    private static final int DRAWS = 20;
    private static final int ROWS = 2;
    private static final int LENGTH = 3;

    /** Relative to the largest value: the same numbers at other addresses may be added in another order. */
    private static final double ROUNDING = 1e-5;

    /** Of larger graphs no second copy is made: the bytes were compared. */
    private static final long MOST_NUMBERS = 200_000_000;

    private GraphProbe() {}

    static void requireSame(SameDiff meant, Path file) throws IOException {
        Map<String, INDArray> leaves = leaves(meant);
        if (leaves.values().stream().mapToLong(INDArray::length).sum() > MOST_NUMBERS) {
            return;
        }
        SameDiff found = read(file);
        Problems problems = new Problems();
        problems.check(wiring(found).equals(wiring(meant)), "its ops take or make other variables");
        Map<String, INDArray> read = leaves(found);
        leaves.forEach((name, leaf) -> problems.check(
                read.containsKey(name) && same(leaf, read.get(name)), "\"" + name + "\" has other values"));
        if (problems.isEmpty()) {
            compareOutputs(meant, found, problems);
        }
        if (!problems.isEmpty()) {
            throw new IOException(problems.message("what was written is not the graph in memory")
                    + "; expected the same ops, arrays and outputs");
        }
    }

    private static SameDiff read(Path file) throws IOException {
        try (InputStream in = RegularFile.open(file, "the graph that was just written")) {
            return Bfloat16Bytes.mended(SameDiffFile.stock(ByteBuffer.wrap(in.readAllBytes()), false));
        } catch (RuntimeException e) {
            throw new IOException("what was written cannot be read by SameDiff: " + e, e);
        }
    }

    private static void compareOutputs(SameDiff meant, SameDiff found, Problems problems) {
        List<String> outputs = outputs(meant);
        if (outputs.isEmpty()) {
            return;
        }
        Map<String, INDArray> inputs;
        Map<String, INDArray> before;
        try {
            inputs = inputs(meant, outputs);
            before = SameDiffExecutor.forInference(meant).output(inputs, outputs);
        } catch (RuntimeException e) {
            // It wants inputs of its own kind, which nobody can guess.
            return;
        }
        Map<String, INDArray> now = SameDiffExecutor.forInference(found).output(inputs, outputs);
        List<String> others = outputs.stream()
                .filter(output -> !near(before.get(output), now.get(output)))
                .toList();
        // What is drawn anew each time says nothing. Few numbers may come out twice by chance.
        for (int i = 0; i < DRAWS && !others.isEmpty(); i++) {
            Map<String, INDArray> again = SameDiffExecutor.forInference(meant).output(inputs, others);
            others = others.stream()
                    .filter(output -> near(before.get(output), again.get(output)))
                    .toList();
        }
        others.forEach(output -> problems.add("\"" + output + "\" comes out otherwise"));
    }

    /** What ops make and none takes. */
    private static List<String> outputs(SameDiff graph) {
        Set<String> outputs = new TreeSet<>();
        graph.getOps().values().forEach(op -> outputs.addAll(op.getOutputsOfOp()));
        graph.getOps().values().forEach(op -> outputs.removeAll(Set.copyOf(GraphOrder.inputs(op))));
        return List.copyOf(outputs);
    }

    /** Numbers from a seed, and zeros for what may be a place in a table. */
    private static Map<String, INDArray> inputs(SameDiff graph, List<String> outputs) {
        SplittableRandom random = new SplittableRandom(SEED);
        Map<String, INDArray> inputs = new TreeMap<>();
        for (String name : GraphOrder.ancestors(graph, outputs)) {
            SDVariable variable = graph.getVariable(name);
            if (variable.getVariableType() != VariableType.PLACEHOLDER) {
                continue;
            }
            if (variable.placeholderShape() == null) {
                throw new IllegalArgumentException("the placeholder " + name + " has no shape");
            }
            long[] whole = variable.placeholderShape().clone();
            for (int axis = 0; axis < whole.length; axis++) {
                whole[axis] = whole[axis] >= 0 ? whole[axis] : axis == 0 ? ROWS : LENGTH;
            }
            inputs.put(name, array(variable.dataType(), whole, random));
        }
        return inputs;
    }

    private static INDArray array(DataType type, long[] shape, SplittableRandom random) {
        INDArray array = Nd4j.zeros(type, shape);
        if (!type.isFPType()) {
            return array;
        }
        double[] values = random.doubles(array.length(), -1, 1).toArray();
        return Nd4j.createFromArray(values).castTo(type).reshape(shape);
    }

    private static Map<String, INDArray> leaves(SameDiff graph) {
        Map<String, INDArray> leaves = new LinkedHashMap<>();
        for (SDVariable variable : graph.variables()) {
            VariableType type = variable.getVariableType();
            boolean isLeaf = type == VariableType.CONSTANT || type == VariableType.VARIABLE;
            if (isLeaf && variable.getArr() != null) {
                leaves.put(variable.name(), variable.getArr());
            }
        }
        return leaves;
    }

    /** What each op takes and makes. Its name may be another one of the same op after it was read. */
    private static Set<List<List<String>>> wiring(SameDiff graph) {
        Set<List<List<String>>> wiring = new HashSet<>();
        for (SameDiffOp op : graph.getOps().values()) {
            wiring.add(List.of(List.copyOf(GraphOrder.inputs(op)), List.copyOf(op.getOutputsOfOp())));
        }
        return wiring;
    }

    private static boolean same(INDArray one, INDArray other) {
        boolean alike = one.dataType() == other.dataType() && Arrays.equals(one.shape(), other.shape());
        return alike && (one.dataType() == DataType.UTF8 || hash(one).equals(hash(other)));
    }

    private static boolean near(INDArray one, INDArray other) {
        if (one.dataType() != other.dataType() || !Arrays.equals(one.shape(), other.shape())) {
            return false;
        }
        if (!one.dataType().isFPType()) {
            return same(one, other);
        }
        double[] before = one.dup('c').ravel().castTo(DataType.DOUBLE).toDoubleVector();
        double[] now = other.dup('c').ravel().castTo(DataType.DOUBLE).toDoubleVector();
        double largest = Arrays.stream(before).map(Math::abs).max().orElse(0);
        // What is not a number has to be none again.
        return IntStream.range(0, before.length)
                .allMatch(i ->
                        Double.compare(before[i], now[i]) == 0 || Math.abs(before[i] - now[i]) <= ROUNDING * largest);
    }

    private static String hash(INDArray array) {
        return TensorHash.of("", Map.of("values", array), name -> array.dataType() != DataType.FLOAT);
    }
}
