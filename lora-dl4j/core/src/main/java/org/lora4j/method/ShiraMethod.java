/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Sparse high-rank adaptation: {@code W' = W + S}, where S is zero but at places that are drawn once; the values at these
 * places learn. There are as many as LoRA of the rank has, {@code rank * (inputs + outputs)}.
 *
 * <p><i>Shapes</i> values {@code [number]}, places {@code [2, number]}, rows and columns of the weight {@code [outputs,
 * inputs]}. Places are whole numbers, in files as integers; they are not trained.
 *
 * <p>Values start at zero.
 *
 * <p><i>Source:</i> Bhardwaj et al., "Sparse High Rank Adapters", 2024, arXiv 2406.13175, section 4; PEFT: {@code
 * shira_weight}, {@code shira_indices}.
 *
 * @apiNote Status: experimental
 */
public final class ShiraMethod implements AdapterMethod {

    private static final String VALUES = "shira_weight";
    private static final String PLACES = "shira_indices";

    static final MethodTraits TRAITS = MethodTraits.builder("SHiRA", "SHIRA")
            .factor(VALUES, "S")
            .factor(PLACES, "Si", FactorTrait.FIXED, FactorTrait.INTEGER)
            .build();

    /** Makes the method. */
    public ShiraMethod() {}

    @Override
    public MethodTraits traits() {
        return TRAITS;
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        FactorShapes.require("SHiRA", shape, rank, ModuleShape.Kind.LINEAR);
        long number = Math.multiplyExact(rank, shape.inputs() + shape.outputs());
        if (number > shape.parameters()) {
            throw new IllegalArgumentException(
                    "SHiRA, module of shape " + shape + ": rank = " + rank + " asks for " + number
                            + " values of the weight; expected at most its " + shape.parameters()
                            + ". Set a smaller rank, or exclude the module.");
        }
        Map<String, long[]> factors = new LinkedHashMap<>();
        factors.put(VALUES, new long[] {number});
        factors.put(PLACES, new long[] {2, number});
        return factors;
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        long[] values = found.get(VALUES);
        boolean sound = found.keySet().equals(Set.of(VALUES, PLACES))
                && values.length == 1
                && Arrays.equals(found.get(PLACES), new long[] {2, values[0]});
        return sound
                ? List.of()
                : List.of("found " + FactorShapes.text(found) + ", expected " + VALUES + " [number] and " + PLACES
                        + " [2, number]");
    }

    @Override
    public IntStream ranks(ModuleShape shape, Map<String, long[]> found) {
        long number = FactorShapes.length(found.getOrDefault(VALUES, new long[] {0}));
        long rank = number / (shape.inputs() + shape.outputs());
        return rank < 1 || number > shape.parameters() ? IntStream.empty() : IntStream.of(Math.toIntExact(rank));
    }

    @Override
    public List<String> misfits(ModuleShape shape, Map<String, INDArray> found) {
        INDArray places = found.get(PLACES);
        Set<Long> taken = new HashSet<>();
        for (int i = 0; i < places.size(1); i++) {
            double row = places.getDouble(0, i);
            double column = places.getDouble(1, i);
            boolean inside = row == Math.rint(row)
                    && column == Math.rint(column)
                    && row >= 0
                    && row < shape.outputs()
                    && column >= 0
                    && column < shape.inputs();
            if (!inside || !taken.add((long) row * shape.inputs() + (long) column)) {
                return List.of(PLACES + " has at " + i + " the row " + row + " and the column " + column
                        + "; expected places of the weight " + shape + ", each once");
            }
        }
        return List.of();
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        ModuleShape shape = start.shape();
        long[] number = factors(shape, start.rank()).get(VALUES);
        INDArray places = Nd4j.create(DataType.DOUBLE, 2, number[0]);
        BitSet drawn = drawn(start.random(), Math.toIntExact(number[0]), Math.toIntExact(shape.parameters()));
        int i = 0;
        for (int place = drawn.nextSetBit(0); place >= 0; place = drawn.nextSetBit(place + 1)) {
            places.putScalar(0, i, place / shape.inputs());
            places.putScalar(1, i++, place % shape.inputs());
        }
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors.put(
                VALUES,
                start.initialization() == Initialization.RANDOM
                        ? RandomStreams.normal(start.random(), 1, start.dataType(), number)
                        : Nd4j.zeros(start.dataType(), number));
        factors.put(PLACES, places);
        return factors;
    }

    /** A choice of so many out of so many, each as likely: Floyd's algorithm. */
    private static BitSet drawn(SplittableRandom random, int number, int of) {
        BitSet drawn = new BitSet(of);
        for (int last = of - number; last < of; last++) {
            int place = random.nextInt(last + 1);
            drawn.set(drawn.get(place) ? last : place);
        }
        return drawn;
    }

    private static long[] whole(INDArray places, long row) {
        long[] numbers = new long[Math.toIntExact(places.size(1))];
        Arrays.setAll(numbers, i -> (long) places.getDouble(row, i));
        return numbers;
    }

    @Override
    public <T> T weightUpdate(WeightAlgebra<T> module, Factors<T> factors) {
        INDArray places = module.known(factors.get(PLACES));
        long[] rows = whole(places, 0);
        long[] columns = whole(places, 1);
        T values = module.scale(factors.get(VALUES), factors.scaling());
        return module.placedInWeight(values, rows, columns);
    }
}
