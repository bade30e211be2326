/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.cache;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.FwdPassType;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.CacheMode;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.internal.cache.BatchMemory;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A stock network, but for its training steps while it has a memory: they compute the layers below all that learn once for
 * each batch. Layers above run as in the stock forward pass; only the way to them is another. Public because stock tools
 * look at the class of a network; {@code AdaptedNetwork.cacheFrozenPrefix} makes them.
 *
 * @apiNote Status: internal
 */
@SuppressWarnings("overrides") // Of the stock class itself.
public final class CachingLayers extends MultiLayerNetwork implements Caching {

    private static final long serialVersionUID = 1;
    private static final String INPUT = "input";
    private static final String MASK = "mask";

    private transient BatchMemory memory;
    private transient String kept;
    private transient int cut;

    /** In place of the layer below the cut in backward passes: gradients end at a frozen layer. */
    private transient Layer end;

    private transient INDArray featuresMask;
    private transient boolean steps;

    public CachingLayers(MultiLayerConfiguration conf) {
        super(conf);
    }

    /** {@inheritDoc} In-memory savers of early stopping ask the class of the network itself for this method. */
    @Override
    public MultiLayerNetwork clone() {
        return super.clone();
    }

    @Override
    public boolean hasMemory() {
        return memory != null;
    }

    @Override
    public void remember(List<String> frozen, Map<String, String> ofFrozen, BatchMemory ofPart) {
        cut = frozen.size();
        kept = ofFrozen.values().iterator().next();
        Layer top = layers[cut - 1];
        end = top instanceof FrozenLayer ? top : new FrozenLayer(top);
        memory = ofPart;
    }

    @Override
    public void forget() {
        memory = null;
        end = null;
    }

    @Override
    public void computeGradientAndScore() {
        steps = memory != null;
        try {
            super.computeGradientAndScore();
        } finally {
            steps = false;
        }
    }

    // The forward pass does not get the mask that fit was given.
    @Override
    public void setLayerMaskArrays(INDArray features, INDArray labelsMask) {
        super.setLayerMaskArrays(features, labelsMask);
        if (features != null) {
            featuresMask = features;
        }
    }

    @Override
    public void clearLayerMaskArrays() {
        super.clearLayerMaskArrays();
        featuresMask = null;
    }

    @Override
    protected synchronized List<INDArray> ffToLayerActivationsInWs(
            int last, FwdPassType type, boolean store, INDArray features, INDArray mask, INDArray labelsMask) {
        if (!steps) {
            return super.ffToLayerActivationsInWs(last, type, store, features, mask, labelsMask);
        }
        Map<String, INDArray> inputs = new LinkedHashMap<>();
        inputs.put(INPUT, features);
        if (featuresMask != null) {
            inputs.put(MASK, featuresMask);
        }
        int rows = Math.toIntExact(features.size(0));
        LayerWorkspaceMgr mgr = manager(features);
        List<INDArray> activations;
        try (BatchMemory.Step step = memory.step(inputs, rows, getEpochCount())) {
            if (step.isKnown()) {
                activations = new PartOfActivations(features, cut);
                activations.add(step.take(kept, array -> mgr.dup(ArrayType.ACTIVATIONS, array, 'c')));
            } else {
                activations = super.ffToLayerActivationsInWs(cut - 1, type, store, features, mask, labelsMask);
                // Now: layers above may write to their input.
                step.computed(Map.of(kept, activations.get(cut)));
            }
        }
        runAbove(activations, last, mgr);
        return activations;
    }

    @SuppressWarnings("try") // The scope is not used but for being there.
    private void runAbove(List<INDArray> activations, int last, LayerWorkspaceMgr mgr) {
        INDArray at = activations.get(cut);
        for (int i = cut; i <= last; i++) {
            try (MemoryWorkspace working = mgr.notifyScopeEntered(ArrayType.FF_WORKING_MEM)) {
                InputPreProcessor between = getLayerWiseConfigurations().getInputPreProcess(i);
                if (between != null) {
                    at = between.preProcess(at, getInputMiniBatchSize(), mgr);
                }
                at = layers[i].activate(at, true, mgr);
                activations.add(at);
            }
        }
    }

    /** As the stock forward pass has it. */
    private LayerWorkspaceMgr manager(INDArray features) {
        MultiLayerConfiguration conf = getLayerWiseConfigurations();
        LayerWorkspaceMgr mgr;
        if (conf.getTrainingWorkspaceMode() == WorkspaceMode.NONE) {
            mgr = LayerWorkspaceMgr.noWorkspaces();
        } else {
            mgr = LayerWorkspaceMgr.builder()
                    .with(ArrayType.INPUT, WS_ALL_LAYERS_ACT, WS_ALL_LAYERS_ACT_CONFIG)
                    .with(ArrayType.ACTIVATIONS, WS_ALL_LAYERS_ACT, WS_ALL_LAYERS_ACT_CONFIG)
                    .with(ArrayType.FF_WORKING_MEM, WS_LAYER_WORKING_MEM, WS_LAYER_WORKING_MEM_CONFIG)
                    .with(ArrayType.RNN_FF_LOOP_WORKING_MEM, WS_RNN_LOOP_WORKING_MEM, WS_RNN_LOOP_WORKING_MEM_CONFIG)
                    .build();
            if (features.isAttached()) {
                mgr.setNoLeverageOverride(features.data().getParentWorkspace().getId());
            }
            if (conf.getCacheMode() != CacheMode.NONE) {
                mgr.setWorkspace(ArrayType.FF_CACHE, WS_ALL_LAYERS_ACT, WS_ALL_LAYERS_ACT_CONFIG);
                mgr.setWorkspace(ArrayType.BP_WORKING_MEM, WS_LAYER_WORKING_MEM, WS_LAYER_WORKING_MEM_CONFIG);
            }
        }
        mgr.setHelperWorkspacePointers(helperWorkspaces);
        return mgr;
    }

    @Override
    protected Pair<Gradient, INDArray> calcBackpropGradients(
            INDArray epsilon, boolean withOutputLayer, boolean truncated, boolean ofInput) {
        if (!steps) {
            return super.calcBackpropGradients(epsilon, withOutputLayer, truncated, ofInput);
        }
        Layer below = layers[cut - 1];
        layers[cut - 1] = end;
        try {
            return super.calcBackpropGradients(epsilon, withOutputLayer, truncated, ofInput);
        } finally {
            layers[cut - 1] = below;
        }
    }
}
