/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.InvalidObjectException;
import java.io.ObjectStreamException;
import java.io.Serializable;
import org.tribuo.protos.core.ModelProto;

/** What Java serialization writes of a model: its proto. */
record SerializedModel(byte[] proto) implements Serializable {

    private static final long serialVersionUID = 1L;

    private Object readResolve() throws ObjectStreamException {
        try {
            ModelProto model = ModelProto.parseFrom(proto);
            return LoraModel.deserializeFromProto(model.getVersion(), model.getClassName(), model.getSerializedData());
        } catch (InvalidProtocolBufferException e) {
            InvalidObjectException failure = new InvalidObjectException("LoraModel: " + e.getMessage());
            failure.initCause(e);
            throw failure;
        }
    }
}
