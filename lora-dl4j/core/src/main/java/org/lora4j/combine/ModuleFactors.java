/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One module of one adapter. Matrices are made when asked for, so that a large adapter is not held twice.
 *
 * @param layout the sizes of the module
 * @param arrayA A as the adapter holds it
 * @param arrayB B as the adapter holds it
 * @param scaling the factor on B A
 */
record ModuleFactors(FactorLayout layout, INDArray arrayA, INDArray arrayB, double scaling) {

    int rank() {
        return Math.toIntExact(arrayA.size(0));
    }

    DataType type() {
        boolean exact = arrayA.dataType() == DataType.DOUBLE || arrayB.dataType() == DataType.DOUBLE;
        return exact ? DataType.DOUBLE : DataType.FLOAT;
    }

    Matrix a() {
        return Matrix.of(arrayA, rank());
    }

    Matrix b() {
        return Matrix.of(arrayB, layout.outputs());
    }

    /** The update [outputs, inputs], scaled. */
    Matrix update() {
        return b().times(a().scaled(scaling));
    }

    /** The singular values of the update, scaled. */
    SingularValues singularValues() {
        return SingularValues.ofProduct(b(), a().scaled(scaling));
    }
}
