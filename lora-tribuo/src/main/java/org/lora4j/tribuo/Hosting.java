/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.model.AdaptedModel;
import org.lora4j.tribuo.base.AdaptedBase;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.base.HeadShape;
import org.lora4j.tribuo.output.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Puts adapters and heads onto a base. */
final class Hosting {

    private static final String NAME = AdaptedModel.DEFAULT_ADAPTER;
    private static final String START = "start";

    private Hosting() {}

    /** What an adapter starts from: a model or a directory. */
    record Start(Adapter adapter, List<String> rows) {}

    static AdaptedBase base(BaseNetwork base, HeadMode mode, int outputs, Loss loss) {
        HeadShape shape = new HeadShape(outputs, loss);
        return mode == HeadMode.NEW ? base.withHead(shape) : base.withOwnHead(shape);
    }

    /** A fresh adapter that learns. */
    static void fresh(AdaptedBase host, HeadMode mode, AdapterConfig config, List<String> rows, long seed) {
        HeadRows head = new HeadRows(host.head(), rows);
        AdaptedModel model = host.model();
        boolean isNew = mode == HeadMode.NEW;
        if (config.initialization().movesBase()) {
            // What the base gave up is known to this model only, so the head starts as it is there: at 0.
            model.addAdapter(NAME, isNew ? head.with(config) : config, seed);
            model.setTrainable(NAME, true);
            model.activate(NAME);
            return;
        }
        model.addAdapter(START, isNew ? head.with(config) : config, seed);
        Adapter adapter = model.adapter(START);
        model.removeAdapter(START);
        attach(host, isNew ? head.fresh(adapter, seed) : adapter, true);
    }

    /** An adapter that learns on, the rows of its head carried by name. */
    static void onward(AdaptedBase host, HeadMode mode, Start start, List<String> rows, long seed) {
        HeadRows head = new HeadRows(host.head(), rows);
        if (mode == HeadMode.REUSE) {
            attach(host, start.adapter(), true);
        } else if (head.areIn(start.adapter())) {
            attach(host, head.carried(start.adapter(), start.rows(), seed), true);
        } else {
            fresh(host, mode, start.adapter().config(), rows, seed);
            Adapter withHead = host.model().adapter(NAME);
            host.model().activate();
            host.model().removeAdapter(NAME);
            Adapter both = Adapter.of(withHead.config(), start.adapter().modules(), saved(withHead, start));
            attach(host, both.onBaseOf(List.of(start.adapter())), true);
        }
    }

    private static Map<String, INDArray> saved(Adapter withHead, Start start) {
        Map<String, INDArray> saved = new LinkedHashMap<>(withHead.savedParameters());
        saved.putAll(start.adapter().savedParameters());
        return saved;
    }

    /** An adapter with its values. */
    static void attach(AdaptedBase host, Adapter adapter, boolean learns) {
        AdaptedModel model = host.model();
        model.addAdapter(NAME, adapter);
        model.setTrainable(NAME, learns);
        model.activate(NAME);
    }

    /** The values now, for the base as it is without adapters. */
    static Adapter adapter(AdaptedBase host) {
        return host.model().plainAdapter(NAME);
    }
}
