/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.Optional;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What the forward pass of a training step computed, for its backward pass. Stock layers compute it again.
 *
 * <p>Valid until the layer gets a new input, and as long as the workspace that holds the arrays is the one of this step.
 *
 * @param <P> what is kept
 * @apiNote Status: internal
 */
public final class StepCache<P extends KeptPass> {

    private P pass;
    private int iteration;

    /** Keeps a pass whose arrays nobody else writes to. */
    public void keep(P passOfStep, int iterationOfStep) {
        pass = passOfStep;
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
        pass = null;
    }

    /** The pass of this iteration, if it is still there. */
    public Optional<P> get(int iterationNow) {
        boolean valid = pass != null
                && iteration == iterationNow
                && pass.arrays().stream().allMatch(StepCache::isAlive);
        return valid ? Optional.of(pass) : Optional.empty();
    }

    /** As {@link #get}, for a backward pass that writes to its arrays: the next one finds nothing. */
    public Optional<P> take(int iterationNow) {
        Optional<P> taken = get(iterationNow);
        clear();
        return taken;
    }

    private static boolean isAlive(INDArray array) {
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
