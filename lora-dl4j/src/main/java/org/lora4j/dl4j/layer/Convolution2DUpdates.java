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

    Convolution2DUpdates(NeuralNetConfiguration conf, DataType type, LoraSettings settings) {
        super(conf, type);
        this.settings = settings;
        this.updates = new LowRank(this, settings, "W");
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
        // The stock layer hands its patches out if asked as for the backward pass.
        Pair<INDArray, INDArray> stock = super.preOutput(training, forBackprop || settings.isAdapted(), mgr);
        if (!settings.isAdapted()) {
            return stock;
        }
        INDArray z = channelsFirst(stock.getFirst());
        INDArray total = Patches2D.positions(z, true);
        INDArray target = total == null ? Patches2D.positions(z, false) : total;
        List<INDArray> now = new ArrayList<>(updates.slots().size());
        for (LoraSlot slot : updates.slots()) {
            INDArray t = down(slot, stock.getSecond(), training, mgr);
            updates.up(slot, t, target);
            now.add(t);
        }
        if (total == null) {
            Patches2D.write(target, z);
        }
        downs = now;
        return stock;
    }

    /** The input through A; the patches of the stock layer serve if there are any and nothing is dropped. */
    private INDArray down(LoraSlot slot, INDArray stockRows, boolean training, LayerWorkspaceMgr mgr) {
        ArrayType place = StepCache.place(training, mgr);
        if (stockRows != null && !drops(slot, training)) {
            return updates.down(slot, stockRows, mgr, place);
        }
        INDArray image = seenBy(slot, image(), training);
        Patches2D patches = patches(image);
        INDArray t = updates.emptyDown(slot, image, patches.count(), mgr, place);
        patches.multiply(patches.columns(image), updates.a(slot), t);
        return t;
    }

    private INDArray seenBy(LoraSlot slot, INDArray image, boolean training) {
        return drops(slot, training) ? image.mul(mask(slot, image)) : image;
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
        if (cache.isValid(getIterationCount())) {
            z = cache.preActivation();
            downs = cache.downs();
        } else {
            z = preOutput(true, false, mgr).getFirst();
        }
        cache.clear();
        INDArray delta = layerConf()
                .getActivationFn()
                .backprop(z, epsilon.castTo(dataType))
                .getFirst();
        INDArray deltaRows = Patches2D.positions(channelsFirst(delta), false);
        INDArray image = image();
        Gradient gradient = gradients(image, deltaRows, mgr);
        if (settings.lowest()) {
            return new Pair<>(gradient, null);
        }
        INDArray next = epsilon(image, deltaRows, mgr);
        return new Pair<>(gradient, asFormat(backpropDropOutIfPresent(next)));
    }

    private Gradient gradients(INDArray image, INDArray delta, LayerWorkspaceMgr mgr) {
        Gradient gradient = new DefaultGradient();
        Map<String, INDArray> views = gradientViews;
        if (settings.learns("b")) {
            INDArray b = views.get("b");
            delta.sum(b, 0);
            gradient.gradientForVariable().put("b", b);
        }
        if (!settings.learns("W") && !updates.learns()) {
            return gradient;
        }
        Patches2D patches = patches(image);
        INDArray columns = patches.columns(image);
        if (settings.learns("W")) {
            INDArray w = views.get("W");
            patches.gradient(columns, delta, w.reshape('c', true, w.size(0), w.length() / w.size(0)));
            gradient.setGradientFor("W", w, 'c');
        }
        for (int i = 0; i < updates.slots().size(); i++) {
            LoraSlot slot = updates.slots().get(i);
            if (slot.learns()) {
                updates.upGradients(slot, downs.get(i), delta, views, gradient);
                INDArray seen = drops(slot, true) ? patches.columns(seenBy(slot, image, true)) : columns;
                patches.gradient(seen, updates.back(slot, delta, mgr), updates.downGradient(slot, views, gradient));
            }
        }
        return gradient;
    }

    private INDArray epsilon(INDArray image, INDArray delta, LayerWorkspaceMgr mgr) {
        INDArray w = getParam("W");
        Patches2D patches = patches(image);
        INDArray columns = patches.emptyRows(delta.dataType());
        Products.set(1, delta, false, w.reshape('c', true, w.size(0), w.length() / w.size(0)), false, columns);
        INDArray masked = null;
        for (LoraSlot slot : updates.slots()) {
            INDArray u = updates.back(slot, delta, mgr);
            if (drops(slot, true)) {
                INDArray own = patches.emptyRows(delta.dataType());
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
        return getParam(name);
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
