/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.format.peft.PeftTensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The sizes of a module as its factors tell them, whatever their rank. As matrices A is [rank, product of inputs] and B
 * [outputs, rank / groups].
 *
 * @param embedding whether the module is an embedding
 * @param inputs the sizes of A behind the rank: inputs, vocabulary, or channels and window
 * @param outputs the first size of B
 * @param groups more than 1 for a grouped convolution
 */
record FactorLayout(boolean embedding, List<Long> inputs, int outputs, int groups) {

    static FactorLayout of(PeftTensor kindOfA, INDArray a, INDArray b) {
        List<Long> inputs = Arrays.stream(a.shape()).skip(1).boxed().toList();
        int groups = Math.toIntExact(a.size(0) / b.size(1));
        return new FactorLayout(kindOfA == PeftTensor.EMBEDDING_A, inputs, Math.toIntExact(b.size(0)), groups);
    }

    PeftTensor tensorA() {
        return embedding ? PeftTensor.EMBEDDING_A : PeftTensor.LORA_A;
    }

    PeftTensor tensorB() {
        return embedding ? PeftTensor.EMBEDDING_B : PeftTensor.LORA_B;
    }

    int fanIn() {
        return Math.toIntExact(inputs.stream().reduce(1L, Math::multiplyExact));
    }

    boolean isGrouped() {
        return groups > 1;
    }

    /** The shape of the update in PEFT's layout. */
    long[] update() {
        return embedding ? new long[] {inputs.get(0), outputs} : shape(outputs, inputs.stream());
    }

    /** The shape of A or B in PEFT's layout. */
    long[] shape(DareMasks.Part part, int rank) {
        return switch (part) {
            case A -> shape(rank, inputs.stream());
            case B -> shape(outputs, Stream.concat(Stream.of((long) rank / groups), pointwise()));
            case UPDATE -> update();
        };
    }

    private Stream<Long> pointwise() {
        return inputs.stream().skip(1).map(size -> 1L);
    }

    private static long[] shape(long first, Stream<Long> others) {
        return LongStream.concat(LongStream.of(first), others.mapToLong(Long::longValue))
                .toArray();
    }

    /** An update [outputs, inputs] as an array in PEFT's layout. */
    INDArray updateArray(Matrix update, DataType type) {
        return (embedding ? update.transposed() : update).toArray(type, update());
    }

    /** An array in PEFT's layout as an update [outputs, inputs]. */
    Matrix updateMatrix(INDArray array) {
        return embedding ? Matrix.of(array, fanIn()).transposed() : Matrix.of(array, outputs);
    }

    Map<String, INDArray> arrays(MatrixPair pair, DataType type) {
        int rank = pair.a().rows();
        return Map.of(
                tensorA().suffix(), pair.a().toArray(type, shape(DareMasks.Part.A, rank)),
                tensorB().suffix(), pair.b().toArray(type, shape(DareMasks.Part.B, rank)));
    }

    @Override
    public String toString() {
        String kind = embedding ? "embedding " : inputs.size() > 1 ? "convolution " : "linear ";
        String sizes = Arrays.stream(update()).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
        return kind + sizes + (isGrouped() ? " in " + groups + " groups" : "");
    }
}
