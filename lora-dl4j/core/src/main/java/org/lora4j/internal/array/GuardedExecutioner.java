/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.lang.ref.Reference;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps every op that is given to ND4J's executioner, and with it all its arrays, until the call returns: what
 * {@link Broadcasts} does for calls of ours, for those of Deeplearning4j. About fifty methods of stock layers, losses,
 * masks, constraints and normalizers run such ops ({@code SimpleRnn}, {@code BatchNormalization}, the bias of every dense
 * layer), so that the one place where all of them pass is the executioner. It is ND4J's own that computes.
 *
 * <p>It also gives OpenMP one thread in each thread that calls, as the ops of layers are short, and runs products as {@link
 * LayerProducts} does. Where the environment says otherwise ({@link OpenMpWaiting}), both are left as they are.
 *
 * <p>ND4J has no call to set its executioner, so a private field of {@code Nd4j} is written: the only reflection of this
 * library. Executioners of other backends, or of somebody else, are left alone.
 *
 * @apiNote Status: internal
 */
public final class GuardedExecutioner implements InvocationHandler {

    private static final Logger LOG = LoggerFactory.getLogger(GuardedExecutioner.class);
    private static final String OF_CPU = "org.nd4j.linalg.cpu.nativecpu.ops.NativeOpExecutioner";
    private static final String FIELD = "OP_EXECUTIONER_INSTANCE";

    /** OpenMP reads its environment once; what somebody has chosen there stays. */
    private static final boolean OPEN_MP_IS_OURS = !OpenMpWaiting.isChosen();

    private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

    private final OpExecutioner stock;
    private final NativeOps natives = NativeOpsHolder.getInstance().getDeviceNativeOps();
    private final LayerProducts products = new LayerProducts(PROCESSORS);

    private GuardedExecutioner(OpExecutioner stock) {
        this.stock = stock;
    }

    /** Puts itself before ND4J's executioner, unless it is there. To be called before stock layers run. */
    public static synchronized void install() {
        OpenMpWaiting.makePassive();
        OpExecutioner stock = Nd4j.getExecutioner();
        if (!stock.getClass().getName().equals(OF_CPU)) {
            return;
        }
        try {
            Field field = Nd4j.class.getDeclaredField(FIELD);
            field.setAccessible(true);
            field.set(
                    null,
                    Proxy.newProxyInstance(
                            OpExecutioner.class.getClassLoader(),
                            new Class<?>[] {OpExecutioner.class},
                            new GuardedExecutioner(stock)));
            LOG.info(
                    "ND4J's ops run with {}",
                    OPEN_MP_IS_OURS
                            ? "one native thread in each thread of Java, large products in parts on " + PROCESSORS
                                    + " of these (OMP_NUM_THREADS or OMP_WAIT_POLICY in the environment would be kept)"
                            : "the native threads that the environment says");
        } catch (ReflectiveOperationException | RuntimeException e) {
            LOG.warn(
                    "ND4J's executioner cannot be replaced ({}): waiting threads of OpenMP spin, and stock layers may end the process while the garbage"
                            + " collector runs. See docs/troubleshooting.md#process-ends",
                    e.toString());
        }
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        if (OPEN_MP_IS_OURS && arguments != null && arguments.length == 1 && arguments[0] instanceof Mmul product) {
            return products.run(product, op -> call(method, op));
        }
        return call(method, arguments);
    }

    private Object call(Method method, Object... arguments) throws Throwable {
        // OpenMP keeps its number for each thread that calls.
        if (OPEN_MP_IS_OURS && natives.ompGetMaxThreads() > 1) {
            natives.setOmpNumThreads(1);
        }
        try {
            return method.invoke(stock, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        } finally {
            Reference.reachabilityFence(arguments);
        }
    }
}
