/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.embedding;

import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.dl4j.layer.FormedWeight;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.dl4j.layer.LowRank;
import org.lora4j.internal.dl4j.layer.Running;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.scatter.ScatterUpdate;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The updates of a table in a running lookup layer. Looking up is a product too: with rows that hold a single 1.
 *
 * @apiNote Status: internal
 */
public final class EmbeddingPath {

    private static final String TABLE = "W";
    private static final int ROWS = 1;

    private final BaseLayer<?> layer;
    private final LoraSettings settings;
    private final ReplacedRows rows;
    private final LowRank updates;
    private final FormedWeight formed;

    EmbeddingPath(BaseLayer<?> layer, LoraSettings settings) {
        this.layer = layer;
        this.settings = settings;
        this.rows = new ReplacedRows(layer::getParam, settings, TABLE);
        this.updates = new LowRank(layer, settings, TABLE);
        this.formed = new FormedWeight(
                this::parameter,
                () -> LayerKinds.weight(layer.layerConf(), TABLE),
                settings,
                TABLE,
                layer::getIterationCount);
    }

    /** A parameter with the replaced rows in it, to which all else is added. */
    private INDArray parameter(String name) {
        INDArray own = layer.getParam(name);
        return name.equals(TABLE) ? rows.in(own) : own;
    }

    /** Adds all updates to {@code z}, one row for each index. A lookup has no activation to drop. */
    public void add(int[] indexes, INDArray z) {
        rows.put(indexes, z, layer.getParam("b"));
        for (LoraSlot slot : updates.slots()) {
            updates.up(slot, down(slot, indexes), z);
        }
        if (!formed.isPlain()) {
            z.addi(looked(formed.parameter(TABLE, false), indexes)).subi(looked(parameter(TABLE), indexes));
        }
    }

    public static INDArray looked(INDArray table, int[] indexes) {
        return Nd4j.pullRows(table, ROWS, indexes);
    }

    private INDArray down(LoraSlot slot, int[] indexes) {
        return looked(layer.getParam(slot.a()).transpose(), indexes);
    }

    /** Writes the gradients of what learns here; an index has none. */
    Gradient backward(int[] indexes, INDArray delta, Map<String, INDArray> views, LayerWorkspaceMgr mgr) {
        Gradient gradient = new DefaultGradient();
        Running.biasGradient(settings, delta, views, gradient);
        if (formed.isPlain()) {
            rows.backward(indexes, delta, views, gradient);
        }
        if (formed.wantsGradient() || rows.learns() && !formed.isPlain()) {
            ofTable(indexes, delta, views, gradient);
        }
        for (LoraSlot slot : updates.slots()) {
            if (slot.learns()) {
                updates.upGradients(slot, down(slot, indexes), delta, views, gradient);
                INDArray u = updates.back(slot, delta, mgr);
                INDArray a = views.get(slot.a());
                scatter(indexes, u.dup('c'), a.transpose());
                gradient.gradientForVariable().put(slot.a(), a);
            }
        }
        return gradient;
    }

    private void ofTable(int[] indexes, INDArray delta, Map<String, INDArray> views, Gradient gradient) {
        INDArray table = layer.getParam(TABLE);
        INDArray ofFormed =
                formed.isPlain() ? views.get(TABLE) : Nd4j.createUninitialized(delta.dataType(), table.shape(), 'c');
        scatter(indexes, delta, ofFormed);
        Supplier<INDArray> ofTable =
                formed.pass(false).backward(ofFormed, Map.of(), () -> delta.sum(0), views, gradient);
        if (!formed.isPlain() && rows.learns()) {
            int[] all = IntStream.range(0, Math.toIntExact(table.size(0))).toArray();
            rows.backward(all, ofTable.get(), views, gradient);
        }
        if (settings.learns(TABLE)) {
            rows.clear(views.get(TABLE));
        }
    }

    private static void scatter(int[] indexes, INDArray rows, INDArray table) {
        table.assign(0);
        add(indexes, rows, table);
    }

    /** Adds rows to those of a table. What the stock layer calls, too. */
    @SuppressWarnings("deprecation")
    public static void add(int[] indexes, INDArray rows, INDArray table) {
        Nd4j.scatterUpdate(ScatterUpdate.UpdateOp.ADD, table, Nd4j.createFromArray(indexes), rows, new int[] {ROWS});
    }
}
