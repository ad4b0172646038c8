import threading, time
from datetime import timedelta
from hub.storage import runs
def test_skip(office):
    office.accepted()
    (run,) = runs.claim(office.engine, worker="w", most=1, lease=timedelta(seconds=5))
    end=time.monotonic()+20; n=0; lost=None
    def renewer():
        while time.monotonic()<end:
            time.sleep(5/3); runs.renew(office.engine,[run],lease=timedelta(seconds=5))
    def sweeper():
        while time.monotonic()<end:
            time.sleep(0.5)
            if runs.sweep(office.engine): print("SWEPT", 20-(end-time.monotonic()))
    for f in (renewer,sweeper): threading.Thread(target=f).start()
    try:
        while time.monotonic()<end:
            with office.engine.begin() as c:
                runs.lock(c, run); time.sleep(0.004)
            n+=1
    except Exception as e: print("LOST after", 20-(end-time.monotonic()), n, e)
    time.sleep(max(0,end-time.monotonic())+2)
