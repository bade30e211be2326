/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.EnumMap;
import java.util.Map;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The table of start values.
 */
final class PairStarts {

    private static final Map<Initialization, PairStart> TABLE = new EnumMap<>(Initialization.class);

    static {
        TABLE.put(Initialization.KAIMING_UNIFORM, PairStarts::kaiming);
        TABLE.put(Initialization.GAUSSIAN, PairStarts::gaussian);
        TABLE.put(Initialization.RANDOM, PairStarts::random);
        TABLE.put(Initialization.ORTHOGONAL, new OrthogonalStart());
        TABLE.put(Initialization.PISSA, new PissaStart());
        TABLE.put(Initialization.OLORA, new OloraStart());
        TABLE.put(Initialization.MICA, new MicaStart());
    }

    private PairStarts() {}

    /** The rule of a start value. */
    public static PairStart of(Initialization initialization) {
        return TABLE.get(initialization);
    }

    /**
     * The start of a bias on B: zero, random if the update starts at random.
     *
     * @return a new array
     */
    public static INDArray bias(FactorStart start, long[] shape) {
        return start.initialization() == Initialization.RANDOM
                ? fanIn(start, start.rank(), shape)
                : Nd4j.zeros(start.dataType(), shape);
    }

    private static PairStart.Pair kaiming(FactorStart start, long[] shapeA, long[] shapeB) {
        return isEmbedding(start)
                ? new PairStart.Pair(Nd4j.zeros(start.dataType(), shapeA), normal(start, 1, shapeB))
                : new PairStart.Pair(fanIn(start, start.shape().fanIn(), shapeA), Nd4j.zeros(start.dataType(), shapeB));
    }

    private static PairStart.Pair gaussian(FactorStart start, long[] shapeA, long[] shapeB) {
        return isEmbedding(start)
                ? kaiming(start, shapeA, shapeB)
                : new PairStart.Pair(normal(start, 1.0 / start.rank(), shapeA), Nd4j.zeros(start.dataType(), shapeB));
    }

    private static PairStart.Pair random(FactorStart start, long[] shapeA, long[] shapeB) {
        return isEmbedding(start)
                ? new PairStart.Pair(normal(start, 1, shapeA), normal(start, 1, shapeB))
                : new PairStart.Pair(fanIn(start, start.shape().fanIn(), shapeA), fanIn(start, shapeB[1], shapeB));
    }

    private static boolean isEmbedding(FactorStart start) {
        return start.shape().kind() == ModuleShape.Kind.EMBEDDING;
    }

    // kaiming_uniform with a = sqrt(5): the bound is sqrt(6 / ((1 + a^2) * fanIn)) = 1 / sqrt(fanIn).
    private static INDArray fanIn(FactorStart start, long fanIn, long[] shape) {
        return RandomStreams.uniform(start.random(), 1 / Math.sqrt(fanIn), start.dataType(), shape);
    }

    private static INDArray normal(FactorStart start, double deviation, long[] shape) {
        return RandomStreams.normal(start.random(), deviation, start.dataType(), shape);
    }

    /** Refuses modules that a rule, made for matrices, does not cover. */
    static void requireMatrix(String rule, FactorStart start) {
        ModuleShape shape = start.shape();
        if (shape.kind() != ModuleShape.Kind.LINEAR || start.rank() > Math.min(shape.inputs(), shape.outputs())) {
            throw new IllegalArgumentException(rule + ", module of shape " + shape + ", rank " + start.rank()
                    + ": this start value needs a linear module and a rank of at most its sizes. Choose another"
                    + " initialization or exclude the module.");
        }
    }
}
