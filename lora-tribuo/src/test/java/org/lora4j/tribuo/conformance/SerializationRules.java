/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.tribuo.conformance.Task.TrainTest;
import org.tribuo.Model;
import org.tribuo.Output;
import org.tribuo.protos.core.ModelProto;
import org.tribuo.test.Helpers;

/**
 * A model that was stored is the model that was trained, and what is no model is not read as one.
 *
 * @param <T> the type of output
 */
interface SerializationRules<T extends Output<T>> extends Subject<T> {

    /** Later than any version of any model. */
    int LATER_VERSION = 1 << 20;

    @Test
    default void proto_passesTribuosOwnAssertions() {
        TrainTest<T> dense = task().dense();

        Helpers.testModelProtoSerialization(trained(dense.train()), task().type(), dense.test(), 0.0);
    }

    @Test
    default void javaSerialization_passesTribuosOwnAssertions() {
        Helpers.testModelSerialization(trained(task().dense().train()), task().type());
    }

    @Test
    default void proto_readBack_predictsTheSameBits() {
        TrainTest<T> dense = task().dense();
        Model<T> model = trained(dense.train());

        Model<T> back = Model.deserialize(model.serialize()).castModel(task().type());

        assertThat(back).isNotSameAs(model).hasSameClassAs(model);
        assertThat(back.getName()).isEqualTo(model.getName());
        assertThat(back.generatesProbabilities()).isEqualTo(model.generatesProbabilities());
        assertThat(answers(back, dense.test())).isEqualTo(answers(model, dense.test()));
    }

    @Test
    default void proto_writtenAgain_isTheSame() {
        Model<T> model = trained(task().dense().train());

        ModelProto proto = model.serialize();

        assertThat(model.serialize()).isEqualTo(proto);
        assertThat(model.getClass().getName()).isEqualTo(proto.getClassName());
    }

    @Test
    default void proto_readAndWrittenThrice_predictsTheSameBits() {
        TrainTest<T> dense = task().dense();
        Model<T> model = trained(dense.train());

        Model<T> back = model;
        for (int i = 0; i < 3; i++) {
            back = Model.deserialize(back.serialize()).castModel(task().type());
        }

        assertThat(back.getProvenance()).isEqualTo(model.getProvenance());
        assertThat(answers(back, dense.test())).isEqualTo(answers(model, dense.test()));
    }

    @Test
    default void file_readBack_predictsTheSameBits(@TempDir Path folder) throws IOException {
        TrainTest<T> dense = task().dense();
        Model<T> model = trained(dense.train());
        Path file = folder.resolve("model.tribuo");

        model.serializeToFile(file);
        Model<T> back = Model.deserializeFromFile(file).castModel(task().type());

        assertThat(answers(back, dense.test())).isEqualTo(answers(model, dense.test()));
    }

    @Test
    default void javaSerialization_readBack_predictsTheSameBits() throws Exception {
        TrainTest<T> dense = task().dense();
        Model<T> model = trained(dense.train());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(model);
        }
        Model<?> back;
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            back = (Model<?>) in.readObject();
        }

        assertThat(back.getProvenance()).isEqualTo(model.getProvenance());
        assertThat(answers(back.castModel(task().type()), dense.test())).isEqualTo(answers(model, dense.test()));
    }

    @Test
    default void proto_ofALaterVersion_isRejected() {
        ModelProto later = trained(task().dense().train()).serialize().toBuilder()
                .setVersion(LATER_VERSION)
                .build();

        assertThatThrownBy(() -> Model.deserialize(later))
                .isInstanceOf(RuntimeException.class)
                .rootCause()
                .hasMessageContaining(String.valueOf(LATER_VERSION));
    }

    @Test
    default void proto_cutShort_isRejected() {
        ModelProto proto = trained(task().dense().train()).serialize();
        Any whole = proto.getSerializedData();
        ByteString half = whole.getValue().substring(0, whole.getValue().size() / 2);
        ModelProto cut = proto.toBuilder()
                .setSerializedData(whole.toBuilder().setValue(half))
                .build();

        assertThatThrownBy(() -> Model.deserialize(cut)).isInstanceOf(RuntimeException.class);
    }
}
