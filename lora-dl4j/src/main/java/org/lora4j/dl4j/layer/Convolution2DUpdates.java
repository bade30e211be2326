/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.convolution.ConvolutionLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running {@link LoraConvolution2D}. The frozen convolution is the stock layer's; updates work on the patches of the
 * input, one row for each output position.
 */
final class Convolution2DUpdates extends ConvolutionLayer {

    private static final long serialVersionUID = 1;

    private final transient LoraSettings settings;
    private final transient LowRank updates;
    private final transient StepCache cache = new StepCache();
    private transient List<INDArray> downs = List.of();

    /** Null unless an update is one of DoRA. */
    private final transient ConvolutionPath decomposed;

    Convolution2DUpdates(NeuralNetConfiguration conf, DataType type, LoraSettings settings) {
        super(conf, type);
        this.settings = settings;
        this.updates = new LowRank(this, settings, "W");
        boolean decomposes = settings.slots().stream().anyMatch(LoraSlot::decomposes);
        this.decomposed = decomposes ? new ConvolutionPath(this, settings) : null;
    }

    private boolean isChannelsLast() {
        return layerConf().getCnn2dDataFormat() == CNN2DFormat.NHWC;
    }

    private INDArray channelsFirst(INDArray image) {
        return isChannelsLast() ? image.permute(0, 3, 1, 2) : image;
    }

    private INDArray asFormat(INDArray channelsFirst) {
        return isChannelsLast() ? channelsFirst.permute(0, 2, 3, 1) : channelsFirst;
    }

    private INDArray image() {
        return channelsFirst(input.castTo(dataType));
    }

    private Patches2D patches(INDArray image) {
        return Patches2D.of(layerConf(), convolutionMode, image);
    }

    private boolean drops(LoraSlot slot, boolean training) {
        return training && slot.learns() && slot.dropout() > 0;
    }

    private INDArray mask(LoraSlot slot, INDArray image) {
        return PathDropout.mask(slot, getIterationCount(), image.dataType(), image.shape());
    }

    @Override
    protected Pair<INDArray, INDArray> preOutput(boolean training, boolean forBackprop, LayerWorkspaceMgr mgr) {
        if (decomposed != null) {
            Pair<INDArray, INDArray> summed = super.preOutput(training, false, mgr);
            INDArray own = image();
            decomposed.add(own, patches(own), channelsFirst(summed.getFirst()), training, mgr);
            return summed;
        }
        // The stock layer hands its patches out if asked as for the backward pass.
        Pair<INDArray, INDArray> stock = super.preOutput(training, forBackprop || settings.isAdapted(), mgr);
        if (!settings.isAdapted()) {
            return stock;
        }
        INDArray image = image();
        INDArray rows = stock.getSecond() == null ? patches(image).rows(image) : stock.getSecond();
        INDArray z = channelsFirst(stock.getFirst());
        INDArray total = Patches2D.positions(z, true);
        INDArray target = total == null ? Patches2D.positions(z, false) : total;
        List<INDArray> now = new ArrayList<>(updates.slots().size());
        for (LoraSlot slot : updates.slots()) {
            INDArray own = rows;
            if (drops(slot, training)) {
                INDArray dropped = image.mul(mask(slot, image));
                own = patches(dropped).rows(dropped);
            }
            INDArray t = updates.down(slot, own, mgr, StepCache.place(training, mgr));
            updates.up(slot, t, target);
            now.add(t);
        }
        if (total == null) {
            Patches2D.write(target, z);
        }
        downs = now;
        return new Pair<>(stock.getFirst(), forBackprop ? rows : null);
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        assertInputSet(false);
        applyDropOutIfNecessary(training, mgr);
        INDArray z = preOutput(training, false, mgr).getFirst();
        if (StepCache.canKeep(training, mgr)) {
            cache.keep(mgr.dup(ArrayType.INPUT, z, z.ordering()), downs, getIterationCount());
        }
        return layerConf().getActivationFn().getActivation(z, training);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        INDArray z;
        INDArray rows = null;
        if (cache.isValid(getIterationCount())) {
            z = cache.preActivation();
            downs = cache.downs();
        } else {
            Pair<INDArray, INDArray> both = preOutput(true, true, mgr);
            z = both.getFirst();
            rows = both.getSecond();
        }
        cache.clear();
        INDArray delta = layerConf()
                .getActivationFn()
                .backprop(z, epsilon.castTo(dataType))
                .getFirst();
        if (decomposed != null) {
            INDArray own = image();
            Gradient gradient = new DefaultGradient();
            INDArray next = decomposed.backward(own, patches(own), channelsFirst(delta), gradientViews, gradient, mgr);
            return new Pair<>(gradient, next == null ? null : asFormat(backpropDropOutIfPresent(next)));
        }
        INDArray deltaRows = Patches2D.positions(channelsFirst(delta), false);
        INDArray image = image();
        Gradient gradient = gradients(image, rows, deltaRows, mgr);
        if (settings.lowest()) {
            return new Pair<>(gradient, null);
        }
        INDArray next = epsilon(image, deltaRows, mgr);
        return new Pair<>(gradient, asFormat(backpropDropOutIfPresent(next)));
    }

    private Gradient gradients(INDArray image, INDArray known, INDArray delta, LayerWorkspaceMgr mgr) {
        Gradient gradient = new DefaultGradient();
        Map<String, INDArray> views = gradientViews;
        if (settings.learns("b")) {
            INDArray b = views.get("b");
            delta.sum(b, 0);
            gradient.gradientForVariable().put("b", b);
        }
        boolean needed = settings.learns("W") || updates.learns();
        INDArray rows = needed && known == null ? patches(image).rows(image) : known;
        if (settings.learns("W")) {
            INDArray w = views.get("W");
            INDArray matrix = w.reshape('c', true, w.size(0), w.length() / w.size(0));
            Products.set(1, delta, true, rows, false, matrix);
            gradient.setGradientFor("W", w, 'c');
        }
        for (int i = 0; i < updates.slots().size(); i++) {
            LoraSlot slot = updates.slots().get(i);
            if (slot.learns()) {
                INDArray own = rows;
                if (drops(slot, true)) {
                    INDArray dropped = image.mul(mask(slot, image));
                    own = patches(dropped).rows(dropped);
                }
                updates.upGradients(slot, downs.get(i), delta, views, gradient);
                updates.downGradient(slot, own, updates.back(slot, delta, mgr), views, gradient);
            }
        }
        return gradient;
    }

    private INDArray epsilon(INDArray image, INDArray delta, LayerWorkspaceMgr mgr) {
        INDArray w = getParam("W");
        Patches2D patches = patches(image);
        INDArray columns = patches.emptyRows(delta.dataType(), delta.size(0));
        Products.set(1, delta, false, w.reshape('c', true, w.size(0), w.length() / w.size(0)), false, columns);
        INDArray masked = null;
        for (LoraSlot slot : updates.slots()) {
            INDArray u = updates.back(slot, delta, mgr);
            if (drops(slot, true)) {
                INDArray own = patches.emptyRows(delta.dataType(), delta.size(0));
                Products.set(1, u, false, updates.a(slot), false, own);
                INDArray part = patches.fold(own, image.ulike()).muli(mask(slot, image));
                masked = masked == null ? part : masked.addi(part);
            } else {
                Products.add(1, u, false, updates.a(slot), false, columns);
            }
        }
        INDArray next = mgr.createUninitialized(ArrayType.ACTIVATION_GRAD, image.dataType(), image.shape(), 'c');
        patches.fold(columns, next);
        return masked == null ? next : next.addi(masked);
    }

    @Override
    public void setInput(INDArray newInput, LayerWorkspaceMgr mgr) {
        cache.clear();
        super.setInput(newInput, mgr);
    }

    @Override
    public void clear() {
        super.clear();
        cache.clear();
        downs = List.of();
    }

    @Override
    protected INDArray getParamWithNoise(String name, boolean training, LayerWorkspaceMgr mgr) {
        return decomposed == null ? getParam(name) : decomposed.parameter(name, training);
    }

    @Override
    public boolean updaterDivideByMinibatch(String name) {
        return settings.learns(name);
    }

    @Override
    public void setParams(INDArray params) {
        Running.assign(paramsFlattened, params);
    }
}
