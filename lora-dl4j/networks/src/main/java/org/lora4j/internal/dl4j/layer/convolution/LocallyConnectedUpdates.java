/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.dl4j.layer.LoraLocallyConnected1D;
import org.lora4j.dl4j.layer.LoraLocallyConnected2D;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.dl4j.layer.KeptPass;
import org.lora4j.internal.dl4j.layer.RunningSameDiffLayer;
import org.lora4j.internal.dl4j.layer.StepCache;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running {@link LoraLocallyConnected1D} or {@link LoraLocallyConnected2D}.
 *
 * @apiNote Status: internal
 */
public final class LocallyConnectedUpdates extends RunningSameDiffLayer {

    private static final long serialVersionUID = 1;

    private final transient IActivation activation;
    private final transient LongFunction<LocalWindows> windows;
    private final transient LocalPath path;
    private final transient StepCache<Pass> cache = new StepCache<>();

    public LocallyConnectedUpdates(NeuralNetConfiguration conf, DataType type, LoraLocallyConnected1D layer) {
        this(conf, type, layer, layer.getActivation(), batch -> LocalWindows.of(layer, batch));
    }

    public LocallyConnectedUpdates(NeuralNetConfiguration conf, DataType type, LoraLocallyConnected2D layer) {
        this(conf, type, layer, layer.getActivation(), batch -> LocalWindows.of(layer, batch));
    }

    private LocallyConnectedUpdates(
            NeuralNetConfiguration conf,
            DataType type,
            LoraLayer layer,
            Activation activation,
            LongFunction<LocalWindows> windowsOfBatch) {
        super(conf, type, layer);
        this.activation = activation.getActivationFunction();
        this.windows = windowsOfBatch;
        this.path = new LocalPath(this, settings);
    }

    private LocalWindows windows() {
        LocalWindows expected = windows.apply(input.size(0));
        if (!Arrays.equals(input.shape(), expected.inputShape())) {
            throw new DL4JInvalidInputException(
                    "input of " + layerId() + ": shape " + Arrays.toString(input.shape()) + "; expected "
                            + Arrays.toString(expected.inputShape())
                            + ". Check the data, and the input type or preprocessor.");
        }
        return expected;
    }

    /** What a forward pass leaves: pre-activations, and what each A gives. */
    private record Pass(INDArray z, Map<LoraSlot, INDArray> downs) implements KeptPass {

        @Override
        public List<INDArray> arrays() {
            return Stream.concat(Stream.of(z), downs.values().stream()).toList();
        }
    }

    private Pass forward(LocalWindows local, INDArray x, boolean training, LayerWorkspaceMgr mgr) {
        INDArray values = path.base(x);
        Map<LoraSlot, INDArray> downs = path.add(x, local, values, training, mgr);
        INDArray b = getParam("b");
        return new Pass(local.output(b == null ? values : Broadcasts.add(values, b, 2)), downs);
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        assertInputSet(false);
        LocalWindows local = windows();
        Pass pass = forward(local, local.inputs(input.castTo(dataType)), training, mgr);
        INDArray z = pass.z();
        if (StepCache.canKeep(training, mgr)) {
            cache.keep(new Pass(mgr.dup(ArrayType.INPUT, z, z.ordering()), pass.downs()), getIterationCount());
        }
        return mgr.leverageTo(ArrayType.ACTIVATIONS, activation.getActivation(z, training));
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        LocalWindows local = windows();
        INDArray x = local.inputs(input.castTo(dataType));
        Pass pass = cache.take(getIterationCount()).orElseGet(() -> forward(local, x, true, mgr));
        INDArray delta = local.values(
                activation.backprop(pass.z(), epsilon.castTo(dataType)).getFirst());
        Gradient gradient = new DefaultGradient();
        if (settings.learns("b")) {
            INDArray b = gradTable.get("b");
            b.assign(delta.sum(0, 1));
            gradient.gradientForVariable().put("b", b);
        }
        INDArray next = path.backward(x, local, delta, pass.downs(), gradTable, gradient);
        return new Pair<>(gradient, next == null ? null : mgr.dup(ArrayType.ACTIVATION_GRAD, local.fold(next)));
    }

    @Override
    protected void forget() {
        cache.clear();
    }
}
