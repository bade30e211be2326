/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import org.nd4j.linalg.api.ndarray.INDArray;

/** One op of a plan. It keeps the arrays that it is given until it is given others in their place. */
interface Step extends Runnable {

    void input(int at, INDArray array);

    void output(int at, INDArray array);
}
