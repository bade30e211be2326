/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What the forward pass of a training step computed, for its backward pass. Stock layers compute it again.
 *
 * <p>Valid until the layer gets a new input, and as long as the workspace that holds the arrays is the one of this step.
 *
 * @apiNote Status: internal
 */
public final class StepCache {

    private INDArray preActivation;
    private List<INDArray> downs = List.of();
    private int iteration;

    /** Keeps arrays that nobody else writes to. */
    public void keep(INDArray preActivationOfStep, List<INDArray> downsOfStep, int iterationOfStep) {
        preActivation = preActivationOfStep;
        downs = downsOfStep;
        iteration = iterationOfStep;
    }

    /**
     * Where the arrays of a step go that its backward pass will want: to the workspace of the network's inputs, which stays
     * open throughout a step of {@code fit}. Where nothing is going to follow it is not open, and there is nothing to keep.
     */
    public static boolean canKeep(boolean training, LayerWorkspaceMgr mgr) {
        return training
                && (mgr.isScopedOut(ArrayType.INPUT)
                        || (mgr.hasConfiguration(ArrayType.INPUT) && mgr.isWorkspaceOpen(ArrayType.INPUT)));
    }

    /** The place for arrays of a pass, kept or not. */
    public static ArrayType place(boolean training, LayerWorkspaceMgr mgr) {
        return canKeep(training, mgr) ? ArrayType.INPUT : ArrayType.ACTIVATIONS;
    }

    public void clear() {
        preActivation = null;
        downs = List.of();
    }

    public boolean isValid(int iterationNow) {
        return preActivation != null
                && iteration == iterationNow
                && isAlive(preActivation)
                && downs.stream().allMatch(StepCache::isAlive);
    }

    public INDArray preActivation() {
        return preActivation;
    }

    public List<INDArray> downs() {
        return downs;
    }

    static boolean isAlive(INDArray array) {
        if (array.wasClosed()) {
            return false;
        }
        if (!array.isAttached()) {
            return true;
        }
        MemoryWorkspace workspace = array.data().getParentWorkspace();
        return workspace.isScopeActive()
                && workspace.getGenerationId() == array.data().getGenerationId();
    }
}
