/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.frozen;

import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.api.layers.RecurrentLayer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.normalization.BatchNormalization;
import org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.FrozenBaseLayer;
import org.lora4j.error.MessageText;
import org.lora4j.internal.array.GuardedExecutioner;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.dl4j.layer.ParameterTable;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A running {@link FrozenBaseLayer}. The stock layer writes its gradients beside the network's.
 *
 * @apiNote Status: internal
 */
public class FrozenBase extends BaseWrapperLayer {

    private static final long serialVersionUID = 1;

    private final transient NeuralNetConfiguration outer;
    private final transient FrozenBaseLayer frozen;
    private transient INDArray view;
    private transient Map<String, INDArray> own = Map.of();
    private transient Map<String, INDArray> beside = Map.of();
    private transient INDArray scratch;

    FrozenBase(Layer stock, NeuralNetConfiguration outer, FrozenBaseLayer frozen) {
        super(stock);
        GuardedExecutioner.install();
        this.outer = outer;
        this.frozen = frozen;
    }

    public static FrozenBase of(Layer stock, NeuralNetConfiguration outer, FrozenBaseLayer frozen) {
        if (stock instanceof BatchNormalization) {
            return new FrozenNormalization(stock, outer, frozen);
        }
        if (LayerKinds.doublesGradients(frozen.getUnderlying())) {
            return new FrozenSameDiff(stock, outer, frozen);
        }
        if (frozen.getUnderlying() instanceof PReLULayer slopes && slopes.getSharedAxes() != null) {
            return new FrozenPRelu(stock, outer, frozen);
        }
        if (stock instanceof IOutputLayer output) {
            return frozen.getUnderlying() instanceof OCNNOutputLayer
                    ? new FrozenOneClass(output, outer, frozen)
                    : new FrozenOutput(output, outer, frozen);
        }
        return stock instanceof RecurrentLayer recurrent
                ? new Recurrent(recurrent, outer, frozen)
                : new FrozenBase(stock, outer, frozen);
    }

    @Override
    public NeuralNetConfiguration conf() {
        return outer;
    }

    @Override
    public TrainingConfig getConfig() {
        return frozen;
    }

    @Override
    public double calcRegularizationScore(boolean backpropOnly) {
        double sum = 0;
        for (String name : frozen.learning()) {
            Iterable<Regularization> rules = frozen.getRegularizationByParam(name);
            if (rules != null) {
                for (Regularization rule : rules) {
                    sum += rule.score(getParam(name), getIterationCount(), getEpochCount());
                }
            }
        }
        return sum;
    }

    @Override
    public void setBackpropGradientsViewArray(INDArray gradients) {
        view = gradients;
        // Outside any workspace: networks open none around this call.
        scratch = Nd4j.create(gradients.dataType(), gradients.shape());
        underlying.setBackpropGradientsViewArray(scratch);
        own = frozen.initializer().getGradientsFromFlattened(outer, gradients);
        beside = frozen.initializer().getGradientsFromFlattened(outer, scratch);
    }

    @Override
    public INDArray getGradientsViewArray() {
        return view;
    }

    private boolean isOutside() {
        return frozen.outside() != null;
    }

    // Of parameters outside a network knows nothing: they have no place in its arrays.
    @Override
    public Map<String, INDArray> paramTable(boolean backpropOnly) {
        return isOutside() ? Map.of() : super.paramTable(backpropOnly);
    }

    @Override
    public Map<String, INDArray> paramTable() {
        return paramTable(false);
    }

    @Override
    public long numParams() {
        return isOutside() ? 0 : super.numParams();
    }

    @Override
    public long numParams(boolean backwards) {
        return isOutside() ? 0 : super.numParams(backwards);
    }

    @Override
    public INDArray params() {
        return isOutside() ? null : super.params();
    }

    @Override
    public void setParam(String name, INDArray value) {
        if (isOutside()) {
            throw ParameterTable.frozen(frozen.getLayerName(), name);
        }
        super.setParam(name, value);
    }

    /** Gradients of a stock layer outside of the network; an adapted layer computes none. */
    @SuppressWarnings("try") // The scope is not used but for being there.
    final void prepareScratch() {
        boolean writes =
                isOutside() && LayerKinds.settings(frozen.getUnderlying()).isEmpty();
        if (writes && scratch == null) {
            try (MemoryWorkspace none = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
                DataType type =
                        underlying.paramTable().values().iterator().next().dataType();
                scratch = Nd4j.create(type, frozen.outside().length());
            }
            underlying.setBackpropGradientsViewArray(scratch);
        }
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        prepareScratch();
        return keepLearning(underlying.backpropGradient(epsilon, mgr));
    }

    /** The result of the stock layer with the gradients of what learns only, in the network's gradient. */
    final Pair<Gradient, INDArray> keepLearning(Pair<Gradient, INDArray> stock) {
        Gradient gradient = new DefaultGradient();
        for (String name : frozen.learning()) {
            own.get(name).assign(beside.get(name));
            gradient.gradientForVariable().put(name, own.get(name));
        }
        return new Pair<>(gradient, stock.getSecond());
    }

    final INDArray ownGradient(String name) {
        return own.get(name);
    }

    /** Where DL4J trains a layer by itself: unsupervised pretraining. */
    @Override
    public void fit(INDArray input, LayerWorkspaceMgr mgr) {
        throw frozen("pretraining");
    }

    @Override
    public void fit() {
        throw frozen("fit()");
    }

    final IllegalStateException frozen(String call) {
        return new IllegalStateException("layer " + MessageText.name(frozen.getLayerName()) + " ("
                + frozen.getUnderlying().getClass().getSimpleName() + "): " + call
                + " would train its parameters, which are frozen; expected a layer of which all parameters are trained."
                + " Pretrain the base before adapters are attached to it, or name the layer in modulesToSave.");
    }

    @Override
    public void applyConstraints(int iteration, int epoch) {
        // They would move frozen parameters.
    }

    @Override
    public boolean updaterDivideByMinibatch(String name) {
        return frozen.learning().contains(name) && underlying.updaterDivideByMinibatch(name);
    }

    /** DL4J asks for this interface to keep state between calls. */
    private static final class Recurrent extends FrozenBase implements RecurrentLayer {

        private static final long serialVersionUID = 1;

        private final transient RecurrentLayer stock;

        Recurrent(RecurrentLayer stock, NeuralNetConfiguration outer, FrozenBaseLayer frozen) {
            super(stock, outer, frozen);
            this.stock = stock;
        }

        @Override
        public INDArray rnnTimeStep(INDArray input, LayerWorkspaceMgr mgr) {
            return stock.rnnTimeStep(input, mgr);
        }

        @Override
        public Map<String, INDArray> rnnGetPreviousState() {
            return stock.rnnGetPreviousState();
        }

        @Override
        public void rnnSetPreviousState(Map<String, INDArray> state) {
            stock.rnnSetPreviousState(state);
        }

        @Override
        public void rnnClearPreviousState() {
            stock.rnnClearPreviousState();
        }

        @Override
        public INDArray rnnActivateUsingStoredState(
                INDArray input, boolean training, boolean keep, LayerWorkspaceMgr mgr) {
            return stock.rnnActivateUsingStoredState(input, training, keep, mgr);
        }

        @Override
        public Map<String, INDArray> rnnGetTBPTTState() {
            return stock.rnnGetTBPTTState();
        }

        @Override
        public void rnnSetTBPTTState(Map<String, INDArray> state) {
            stock.rnnSetTBPTTState(state);
        }

        @Override
        public Pair<Gradient, INDArray> tbpttBackpropGradient(INDArray epsilon, int length, LayerWorkspaceMgr mgr) {
            prepareScratch();
            return keepLearning(stock.tbpttBackpropGradient(epsilon, length, mgr));
        }
    }
}
