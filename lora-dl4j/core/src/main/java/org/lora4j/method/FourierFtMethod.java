/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * FourierFT: {@code W' = W + scaling * Re(F^-1(S))}, where S holds few coefficients that learn and is zero elsewhere.
 *
 * <p>With rows R and columns C of S, and a coefficient s at row u and column v, the update at row m and column n is {@code
 * 1/(R C) sum of s (cos(2 pi u m / R) cos(2 pi v n / C) - sin(2 pi u m / R) sin(2 pi v n / C))}: two products of thin matrices.
 *
 * <p><i>Shapes</i> (PEFT's names) {@code fourierft_spectrum [number]}, {@code fourierft_indices [2, number]}: rows, then columns,
 * which no file holds. S is {@code [outputs, inputs]}, of a convolution {@code [outputs * k2, inputs * k1]}, read row by row.
 *
 * <p><i>Source:</i> Gao et al., "Parameter-Efficient Fine-Tuning with Discrete Fourier Transform", 2024, arXiv 2405.03003,
 * equations 2 to 4.
 *
 * @apiNote Status: experimental
 */
public final class FourierFtMethod implements AdapterMethod {

    private static final String SPECTRUM = "fourierft_spectrum";
    private static final String INDICES = "fourierft_indices";

    static final MethodTraits TRAITS = MethodTraits.builder("FourierFT", "FOURIERFT")
            .factor(SPECTRUM, "Fs")
            .factor(INDICES, "Fi", FactorTrait.FIXED, FactorTrait.UNSAVED, FactorTrait.INTEGER)
            .build();

    /** Makes the method. */
    public FourierFtMethod() {}

    @Override
    public MethodTraits traits() {
        return TRAITS;
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        FactorShapes.require(TRAITS.name(), shape, rank, ModuleShape.Kind.LINEAR, ModuleShape.Kind.CONVOLUTION);
        boolean convolution = shape.kind() == ModuleShape.Kind.CONVOLUTION;
        if (convolution && shape.kernel().size() != 2 || rank > shape.parameters()) {
            throw new IllegalArgumentException("FourierFT, module of shape " + shape + " with " + rank
                    + " coefficients; expected a linear module or a convolution over two axes, with as many values or more."
                    + " Exclude the module, or lower frequencies.");
        }
        return factors(rank);
    }

    private static Map<String, long[]> factors(long number) {
        Map<String, long[]> factors = new LinkedHashMap<>();
        factors.put(SPECTRUM, new long[] {number});
        factors.put(INDICES, new long[] {2, number});
        return factors;
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        return FactorShapes.problems(factors(rank), found);
    }

    @Override
    public List<String> misfits(ModuleShape shape, Map<String, INDArray> found) {
        INDArray indices = found.get(INDICES);
        Set<Long> places = new TreeSet<>();
        for (int i = 0; i < indices.size(1); i++) {
            double row = indices.getDouble(0, i);
            double column = indices.getDouble(1, i);
            boolean whole = row == Math.rint(row) && column == Math.rint(column);
            if (!whole || row < 0 || column < 0 || row >= rows(shape) || column >= columns(shape)) {
                return List.of("position " + i + " of " + INDICES + " is [" + row + ", " + column
                        + "], expected a row below " + rows(shape) + " and a column below " + columns(shape));
            }
            if (!places.add((long) row * columns(shape) + (long) column)) {
                return List.of("position " + i + " of " + INDICES + ", [" + row + ", " + column
                        + "], is there twice, expected each once");
            }
        }
        return List.of();
    }

    private static long rows(ModuleShape shape) {
        return shape.kernel().isEmpty()
                ? shape.outputs()
                : shape.outputs() * shape.kernel().get(1);
    }

    private static long columns(ModuleShape shape) {
        return shape.kernel().isEmpty()
                ? shape.inputs()
                : shape.inputs() * shape.kernel().get(0);
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        int number = start.rank();
        Set<Long> places = new TreeSet<>();
        while (places.size() < number) {
            places.add(start.random().nextLong(start.shape().parameters()));
        }
        List<Long> drawn = new ArrayList<>(places);
        INDArray indices = Nd4j.create(DataType.DOUBLE, 2, number);
        for (int i = 0; i < number; i++) {
            indices.putScalar(0, i, drawn.get(i) / columns(start.shape()));
            indices.putScalar(1, i, drawn.get(i) % columns(start.shape()));
        }
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors.put(
                SPECTRUM,
                start.initialization() == Initialization.RANDOM
                        ? RandomStreams.normal(start.random(), 1, start.dataType(), number)
                        : Nd4j.zeros(start.dataType(), number));
        factors.put(INDICES, indices);
        return factors;
    }

    @Override
    public <T> T weightUpdate(WeightAlgebra<T> module, Factors<T> factors) {
        ModuleShape shape = module.shape();
        T spectrum = module.reshape(factors.get(SPECTRUM), 1, -1);
        INDArray indices = module.known(factors.get(INDICES));
        double[] rows = indices.getRow(0).dup('c').data().asDouble();
        double[] columns = indices.getRow(1).dup('c').data().asDouble();
        DataType type = module.dataType();
        T even = module.matrixProduct(
                module.multiply(
                        module.constant(
                                waves(rows, rows(shape), true, type).transpose().dup('c')),
                        spectrum),
                module.constant(waves(columns, columns(shape), true, type)));
        T odd = module.matrixProduct(
                module.multiply(
                        module.constant(waves(rows, rows(shape), false, type)
                                .transpose()
                                .dup('c')),
                        spectrum),
                module.constant(waves(columns, columns(shape), false, type)));
        T update =
                module.scale(module.subtract(even, odd), factors.scaling() / ((double) rows(shape) * columns(shape)));
        return module.asWeight(module.reshape(update, shape.outputs(), shape.fanIn()));
    }

    /** For each frequency a row of cosines or sines over a period of so many places. */
    private static INDArray waves(double[] frequencies, long period, boolean cosines, DataType type) {
        double[] table = new double[Math.toIntExact(period)];
        for (int i = 0; i < table.length; i++) {
            double angle = 2 * Math.PI * i / period;
            table[i] = cosines ? Math.cos(angle) : Math.sin(angle);
        }
        double[] waves = new double[Math.multiplyExact(frequencies.length, table.length)];
        for (int f = 0; f < frequencies.length; f++) {
            for (int i = 0; i < table.length; i++) {
                waves[f * table.length + i] = table[(int) ((long) frequencies[f] * i % period)];
            }
        }
        return Nd4j.createFromArray(waves)
                .reshape('c', frequencies.length, table.length)
                .castTo(type);
    }
}
