import time, os
def test_idle(house):
    web, worker = house.start_both()
    def cpu(pid):
        f=open(f"/proc/{pid}/stat").read().split(); return (int(f[13])+int(f[14]))/os.sysconf("SC_CLK_TCK")
    a=cpu(worker.pid); time.sleep(10); print("idle cpu per 10s", cpu(worker.pid)-a)
    print([l for l in open(f"/proc/{worker.pid}/smaps_rollup") if l.startswith(("Rss","Pss:"))])
    leads=[house.lead() for _ in range(20)]
    from functools import partial
    t=time.time()
    house.send_all(partial(house.call_ends, leads[i%20], f"c{i}") for i in range(400)); print("sent", time.time()-t)
    house.wait_for_the_end(); print("done", time.time()-t)
    print([l for l in open(f"/proc/{worker.pid}/smaps_rollup") if l.startswith(("Rss","Pss:"))])
    print(worker.lines[-500:])
