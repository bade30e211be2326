/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.attention;

import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.internal.dl4j.layer.StepCache;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Where the arrays of a pass through a layer live, and so for how long. */
record Space(LayerWorkspaceMgr mgr, ArrayType place) {

    /** For a forward pass: what a training step computes lives until its backward pass is over. */
    static Space forward(LayerWorkspaceMgr mgr, boolean training) {
        return new Space(mgr, StepCache.canKeep(training, mgr) ? ArrayType.INPUT : ArrayType.FF_WORKING_MEM);
    }

    static Space backward(LayerWorkspaceMgr mgr) {
        return new Space(mgr, ArrayType.BP_WORKING_MEM);
    }

    /** An array in C order whose values are not set. */
    INDArray array(DataType type, long... shape) {
        return mgr.createUninitialized(place, type, shape, 'c');
    }

    /** A copy in C order. */
    INDArray copy(INDArray view) {
        return mgr.dup(place, view, 'c');
    }
}
